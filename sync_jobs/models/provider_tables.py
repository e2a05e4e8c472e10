"""The providers' own objects as rows: the customer's tables, the seven that the enhancement adds, and ours.

Columns keep the provider's words. At the end of each stand `row_hash` (digest of the raw record) and `gone_at`; events
also have `starts_at` in UTC. Five of the customer's tables have a key without the partner in it: a second partner's copy of
the same object lives in the table's twin, so that nobody can take or see another's.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Column, Index, Integer, LargeBinary, MetaData, PrimaryKeyConstraint, Table, Text, func

from sync_jobs.models.base import Base, Instant

TYPES = {"int": Integer, "instant": Instant, "blob": LargeBinary, "text": Text}
OURS = "row_hash:blob gone_at:instant"
OURS_EVENTS = f"starts_at:instant {OURS}"
ENDING = "fetched_date credentials_used timing_partner_id:int"


def _columns(words: str) -> list[Column[object]]:
    """`name` is a text column, `name:int` another type; a trailing `*` marks the single legacy primary key."""
    made: list[Column[object]] = []
    for word in words.split():
        name, _, kind = word.rstrip("*").partition(":")
        made.append(Column(name, TYPES[kind or "text"], primary_key=word.endswith("*")))
    return made


def _table(name: str, words: str, *extra: Index | PrimaryKeyConstraint) -> Table:
    return Table(name, Base.metadata, *_columns(words), *extra)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Which columns say what, in a table that is read one happening at a time."""

    within: str = "event_id"  # by which the rows of one reading are found ...
    holds: str = "happening"  # ... and what stands there: happening, contest, or both (`happening/contest`)
    contest: str = ""  # the provider's own id of the contest
    person: str = ""  # where somebody has several rows, what tells people apart
    withdrawn: tuple[str, ...] = ()  # words of `registration_status`: still listed there, but not taking part


ADDED: dict[str, tuple[str, ...]] = {}
LAYOUTS: dict[str, Layout] = {
    "runsignup_participants": Layout(holds="contest", contest="event_id"),  # one race has several years' contests
    "ct_participants": Layout(contest="race_id"),
    "ct_results": Layout(contest="race_id", person="entry_id"),
}


def in_our_form(metadata: MetaData, name: str, words: str, ours: str, *key: str) -> Table:
    """A table with text ids, and a key that has the partner in it (so neither half may be empty)."""
    table = Table(name, metadata, *_columns(f"{words} {ENDING} {ours}"), PrimaryKeyConstraint("timing_partner_id", *key))
    for column in ("timing_partner_id", *key):
        table.c[column].nullable = False
    return table


def _added(name: str, words: str, ours: str, *key: str, layout: Layout | None = None) -> Table:
    """A table in our form that a pull writes, with everything that is to be known of it."""
    ADDED[name] = key
    if layout is not None:
        LAYOUTS[name] = layout
    return in_our_form(Base.metadata, name, words, ours, *key)


runsignup_races = _table(
    "runsignup_races",
    "race_id:int* name last_date last_end_date next_date next_end_date is_draft_race is_private_race is_registration_open created "
    "last_modified description url external_race_url external_results_url fb_page_id fb_event_id street street2 city state zipcode "
    f"country_code timezone logo_url real_time_notifications_enabled {ENDING} {OURS}",
    Index("ix_runsignup_races_partner", "timing_partner_id", "race_id"),
)
runsignup_events = _table(
    "runsignup_events",
    "event_id:int* race_id:int name details start_time end_time age_calc_base_date registration_opens event_type distance "
    f"volunteer require_dob require_phone giveaway {ENDING} race_event_days_id:int {OURS_EVENTS}",
    Index("ix_runsignup_events_partner", "timing_partner_id", "race_id"),
)
runsignup_participants = _table(
    "runsignup_participants",
    "id:int* race_id:int event_id:int registration_id:int user_id:int first_name middle_name last_name email street city state "
    "zipcode country_code dob gender phone profile_image_url bib_num chip_num age:int registration_date team_id:int team_name "
    "team_type_id:int team_type team_gender team_bib_num last_modified:int imported race_fee offline_payment_amount processing_fee "
    "processing_fee_paid_by_user processing_fee_paid_by_race partner_fee affiliate_profit extra_fees amount_paid "
    "rsu_transaction_id:int transaction_id usatf_discount_amount_in_cents usatf_discount_additional_field giveaway "
    "giveaway_option_id:int fundraiser_id:int fundraiser_charity_id:int fundraiser_charity_name team_fundraiser_id:int "
    f"multi_race_bundle_id:int multi_race_bundle signed_waiver_details {ENDING} {OURS}",
    Index("uq_runsignup_participants_registration", "timing_partner_id", "registration_id", unique=True),
    Index("ix_runsignup_participants_event", "timing_partner_id", "event_id"),
)
runsignup_participant_counts = _table(
    "runsignup_participant_counts",
    "id:int* race_id:int event_id:int count_date registered_count:int completed_count:int active_count:int incomplete_count:int "
    "registered_male_count:int registered_female_count:int registered_non_binary_count:int registered_unspecified_count:int "
    "group_count:int donations_count:int donations_total credentials_used timing_partner_id:int",
    Index("ix_runsignup_participant_counts_event", "timing_partner_id", "event_id", "count_date"),
)
ct_events = _table(
    "ct_events",
    "event_id* event_tag event_name event_description event_start_time event_end_time event_site_uri event_is_published "
    "event_device_protocol event_external_id organization_id organization_name location_city location_region location_country "
    f"timing_partner_id:int credentials_used location_time_zone {OURS_EVENTS}",
    Index("ix_ct_events_partner", "timing_partner_id", "event_id"),
)
ct_races = _table(
    "ct_races",
    "race_id event_id race_tag race_name race_type race_subtype race_course_distance race_pref_distance_unit "
    "race_planned_start_time race_planned_end_time race_actual_start_time race_actual_end_time race_age_ref_time "
    f"timing_partner_id:int {OURS_EVENTS}",
    PrimaryKeyConstraint("race_id", "event_id"),
    Index("ix_ct_races_partner", "timing_partner_id", "event_id"),
)
ct_participants = _table(
    "ct_participants",
    "entry_id* event_id race_id entry_external_id entry_name entry_type entry_status entry_bib entry_race_age athlete_id "
    "athlete_first_name athlete_last_name athlete_sex athlete_birthdate athlete_email athlete_home_phone athlete_mobile_phone "
    f"location_city location_region location_country team_id team_name timing_partner_id:int credentials_used {OURS}",
    Index("ix_ct_participants_event", "timing_partner_id", "event_id", "race_id"),
)
ct_results = _table(
    "ct_results",
    "id:int* event_id race_id entry_id results_bib results_first_name results_last_name results_sex results_age results_hometown "
    "results_state_code results_postal_code results_country_code results_time results_gun_time results_pace results_gun_pace "
    f"results_rank results_bracket_name results_primary_bracket_name timing_partner_id:int credentials_used {OURS}",
    Index("uq_ct_results_bracket", "timing_partner_id", "event_id", "race_id", "entry_id", "results_bracket_name", unique=True),
)
ct_archived_events = _table(
    "ct_archived_events",
    "event_id event_name timing_partner_id:int archived_date error_message data_type credentials_used",
)
"""Nobody reads or writes it here; it is declared so that an empty database has it too."""

raceroster_events = _added(
    "raceroster_events",
    "event_id race_id name description start_date end_date location_name address_line1 address_line2 city state postal_code "
    "country timezone distance event_type registration_open_date registration_close_date max_participants current_participants "
    "price currency status",
    f"last_modified unique_code {OURS_EVENTS}",
    "event_id",
)
raceroster_sub_events = _added(
    "raceroster_sub_events",
    "sub_event_id event_id name distance metres start_date max_participants kind",
    OURS_EVENTS,
    "event_id",
    "sub_event_id",
)
raceroster_participants = _added(
    "raceroster_participants",
    "id event_id registration_id bib_number first_name last_name email phone date_of_birth gender address_line1 address_line2 city "
    "state postal_code country emergency_contact_name emergency_contact_phone team_name division registration_date "
    "registration_status payment_status amount_paid shirt_size dietary_restrictions medical_conditions",
    f"sub_event_id {OURS}",
    "event_id",
    "registration_id",
    layout=Layout(contest="sub_event_id", withdrawn=("inactive",)),
)
haku_events = _added(
    "haku_events",
    "event_id organization_id event_name event_description start_date end_date location event_type distance registration_limit "
    "registration_count registration_fee currency status created_at updated_at",
    f"city state {OURS_EVENTS}",
    "event_id",
)
haku_categories = _added(
    "haku_categories",
    "event_id category_id name master_name distance",
    OURS_EVENTS,
    "event_id",
    "category_id",
    layout=Layout(),
)
"""Distances as registrations show them: Haku lists them nowhere."""

haku_participants = _added(
    "haku_participants",
    "id event_id participant_id bib_number first_name last_name email phone date_of_birth gender nationality emergency_contact "
    "team_affiliation category registration_date payment_status amount_paid special_requirements",
    f"category_id registration_number city state postal_code country registration_status {OURS}",
    "event_id",
    "participant_id",
    layout=Layout(contest="category_id", withdrawn=("inactive", "cancelled")),
)
copernico_events = _added(
    "copernico_events",
    "event_id competition_id event_name event_description event_date location discipline gender_categories age_categories "
    "distance_categories status created_at updated_at",
    f"competition_name timezone {OURS_EVENTS}",
    "event_id",
)
copernico_participants = _added(
    "copernico_participants",
    "id event_id participant_id bib_number first_name last_name date_of_birth gender nationality club_team category license_number "
    "registration_status created_at updated_at",
    f"external_id {OURS}",
    "event_id",
    "participant_id",
    layout=Layout(holds="both", contest="event_id"),
)
Index(
    "ix_copernico_participants_bib",
    *(copernico_participants.c[name] for name in ("timing_partner_id", "event_id", "bib_number")),
)  # an export may have no ids
copernico_results = _added(
    "copernico_results",
    "id event_id participant_id bib_number first_name last_name category start_time finish_time total_time split_times "
    "overall_position category_position status created_at updated_at",
    f"net_time gender_position {OURS}",
    "event_id",
    "participant_id",
    layout=Layout(holds="both", contest="event_id"),
)

KEYS_WITHOUT_PARTNER: dict[str, tuple[str, ...]] = {
    "runsignup_races": ("race_id",),
    "runsignup_events": ("event_id",),
    "ct_events": ("event_id",),
    "ct_races": ("race_id", "event_id"),
    "ct_participants": ("entry_id",),
}
NATURAL_KEYS: dict[str, tuple[str, ...]] = {
    **KEYS_WITHOUT_PARTNER,
    "runsignup_participants": ("registration_id",),
    "ct_results": ("event_id", "race_id", "entry_id", "results_bracket_name"),
    **ADDED,
}
"""What identifies a row within one partner."""

PROVIDER_TABLES: dict[str, Table] = {name: Base.metadata.tables[name] for name in NATURAL_KEYS}
"""The tables that a pull may write, by name."""


def _twin(name: str) -> Table:
    source, key = PROVIDER_TABLES[name], KEYS_WITHOUT_PARTNER[name]
    columns = [Column(c.name, c.type) for c in source.columns]
    table = Table(f"{name}_twin", Base.metadata, *columns, PrimaryKeyConstraint("timing_partner_id", *key))
    for column in ("timing_partner_id", *key):
        table.c[column].nullable = False
    return table


TWINS: dict[str, Table] = {name: _twin(name) for name in KEYS_WITHOUT_PARTNER}


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleTable:
    """Which columns of a provider's people are looked at, whoever they are and wherever: its own names, by ours."""

    provider: str
    key: str
    bib: str = "bib_number"
    first_name: str = "first_name"
    last_name: str = "last_name"
    born: str = "date_of_birth"
    gender: str = "gender"
    external_id: str = ""  # what a scoring list keeps of a registration
    number: str = ""  # a second id, which the person was given
    status: str = "registration_status"
    signed_up: str = ""  # when, as the provider wrote it


PEOPLE: dict[str, PeopleTable] = {
    "runsignup_participants": PeopleTable(
        provider="runsignup", key="registration_id", bib="bib_num", born="dob", status="", signed_up="registration_date"
    ),
    "raceroster_participants": PeopleTable(provider="raceroster", key="registration_id", signed_up="registration_date"),
    "haku_participants": PeopleTable(
        provider="haku", key="participant_id", number="registration_number", signed_up="registration_date"
    ),
    "ct_participants": PeopleTable(
        provider="chronotrack", key="entry_id", bib="entry_bib", first_name="athlete_first_name", last_name="athlete_last_name",
        born="athlete_birthdate", gender="athlete_sex", external_id="entry_external_id", status="entry_status",
    ),
    "copernico_participants": PeopleTable(provider="copernico", key="participant_id", external_id="external_id"),
}  # fmt: skip


def _found_by(table: Table, people: PeopleTable) -> None:
    """Nobody is looked for by walking a table: over all of a partner's events too there is an index for it."""
    partner = table.c.timing_partner_id
    Index(f"ix_{table.name}_by_name", partner, func.lower(table.c[people.last_name]))
    known = [tuple(index.columns.keys())[:2] for index in table.indexes] + [tuple(table.primary_key.columns.keys())]
    for name in (people.bib, people.key, people.external_id, people.number):
        if name and ("timing_partner_id", name) not in known and (name,) not in known:
            Index(f"ix_{table.name}_by_{name}", partner, table.c[name])


for _name, _people in PEOPLE.items():
    for _each in (PROVIDER_TABLES[_name], *([TWINS[_name]] if _name in TWINS else [])):
        _found_by(_each, _people)
