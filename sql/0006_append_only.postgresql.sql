-- Receipts are only ever added. An approval's word stands once it was given, and ends where it ended. Nothing is published without
-- an approval of exactly that.

CREATE OR REPLACE FUNCTION hub_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING MESSAGE = TG_ARGV[0], ERRCODE = 'integrity_constraint_violation';
END
$$;

CREATE OR REPLACE FUNCTION hub_need_approval() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM approvals AS a
        WHERE a.approval_id = NEW.approval_id AND a.state = 'approved' AND a.destination_id = NEW.destination_id
            AND a.version_id = NEW.version_id AND a.payload_hash = NEW.payload_hash AND a.act = NEW.act
            AND (a.not_before IS NULL OR a.not_before <= NEW.made_at)
            AND (a.needs_second = 0 OR (a.approved_by IS NOT NULL AND a.approved_by IS DISTINCT FROM a.requested_by))
    ) THEN
        RAISE EXCEPTION USING
            MESSAGE = 'nothing is published without an approval of exactly that', ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER receipts_never_replaced BEFORE TRUNCATE ON receipts
FOR EACH STATEMENT EXECUTE FUNCTION hub_refuse('receipts are never emptied');

CREATE TRIGGER receipts_never_changed BEFORE UPDATE ON receipts
FOR EACH ROW EXECUTE FUNCTION hub_refuse('a receipt is never changed');

CREATE TRIGGER receipts_never_deleted BEFORE DELETE ON receipts
FOR EACH ROW EXECUTE FUNCTION hub_refuse('a receipt is never deleted');

CREATE TRIGGER approvals_never_replaced BEFORE TRUNCATE ON approvals
FOR EACH STATEMENT EXECUTE FUNCTION hub_refuse('approvals are never emptied');

CREATE TRIGGER approvals_keep_their_word BEFORE UPDATE ON approvals
FOR EACH ROW WHEN (
    (NEW.approval_id, NEW.timing_partner_id, NEW.destination_id, NEW.version_id, NEW.act, NEW.payload_hash, NEW.base_hash,
        NEW.rendered_hash, NEW.map_version, NEW.policy_id, NEW.tells, NEW.tells_many, NEW.overwrites, NEW.reason, NEW.needs_second,
        NEW.requested_by, NEW.requested_name, NEW.requested_role, NEW.requested_at, NEW.not_before, NEW.expires_at, NEW.device,
        NEW.seen)
    IS DISTINCT FROM
    (OLD.approval_id, OLD.timing_partner_id, OLD.destination_id, OLD.version_id, OLD.act, OLD.payload_hash, OLD.base_hash,
        OLD.rendered_hash, OLD.map_version, OLD.policy_id, OLD.tells, OLD.tells_many, OLD.overwrites, OLD.reason, OLD.needs_second,
        OLD.requested_by, OLD.requested_name, OLD.requested_role, OLD.requested_at, OLD.not_before, OLD.expires_at, OLD.device,
        OLD.seen)
)
EXECUTE FUNCTION hub_refuse('what an approval is about never changes');

CREATE TRIGGER approvals_stay_decided BEFORE UPDATE ON approvals
FOR EACH ROW WHEN (
    OLD.approved_at IS NOT NULL
    AND (NEW.approved_by, NEW.approved_name, NEW.approved_role, NEW.approved_at)
        IS DISTINCT FROM (OLD.approved_by, OLD.approved_name, OLD.approved_role, OLD.approved_at)
)
EXECUTE FUNCTION hub_refuse('who approved never changes');

CREATE TRIGGER approvals_end_once BEFORE UPDATE ON approvals
FOR EACH ROW WHEN (
    NEW.state <> OLD.state AND (
        OLD.state NOT IN ('waiting', 'approved') OR NEW.state = 'waiting' OR (NEW.state = 'used' AND OLD.state <> 'approved')
    )
)
EXECUTE FUNCTION hub_refuse('an approval that ended never stands again');

CREATE TRIGGER approvals_never_deleted BEFORE DELETE ON approvals
FOR EACH ROW EXECUTE FUNCTION hub_refuse('an approval is never deleted');

CREATE TRIGGER publications_never_replaced BEFORE TRUNCATE ON publications
FOR EACH STATEMENT EXECUTE FUNCTION hub_refuse('publications are never emptied');

CREATE TRIGGER publications_need_an_approval BEFORE INSERT ON publications
FOR EACH ROW EXECUTE FUNCTION hub_need_approval();

CREATE TRIGGER publications_stay_what_they_are BEFORE UPDATE ON publications
FOR EACH ROW WHEN (
    (NEW.publication_id, NEW.approval_id, NEW.destination_id, NEW.version_id, NEW.act, NEW.payload_hash)
    IS DISTINCT FROM
    (OLD.publication_id, OLD.approval_id, OLD.destination_id, OLD.version_id, OLD.act, OLD.payload_hash)
)
EXECUTE FUNCTION hub_refuse('what a publication is about never changes');

CREATE TRIGGER publications_never_deleted BEFORE DELETE ON publications
FOR EACH ROW EXECUTE FUNCTION hub_refuse('a publication is never deleted');
