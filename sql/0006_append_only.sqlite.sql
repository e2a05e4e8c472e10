-- Receipts are only ever added. An approval's word stands once it was given, and ends where it ended. Nothing is published without
-- an approval of exactly that. INSERT OR REPLACE fires no delete trigger, so an id that is there is refused before the insert.

CREATE TRIGGER receipts_never_replaced BEFORE INSERT ON receipts
WHEN EXISTS (
    SELECT 1 FROM receipts
    WHERE receipt_id = NEW.receipt_id OR (contest_id = NEW.contest_id AND number = NEW.number)
)
BEGIN
    SELECT RAISE(ABORT, 'a receipt is never replaced');
END;

CREATE TRIGGER receipts_never_changed BEFORE UPDATE ON receipts
BEGIN
    SELECT RAISE(ABORT, 'a receipt is never changed');
END;

CREATE TRIGGER receipts_never_deleted BEFORE DELETE ON receipts
BEGIN
    SELECT RAISE(ABORT, 'a receipt is never deleted');
END;

CREATE TRIGGER approvals_never_replaced BEFORE INSERT ON approvals
WHEN EXISTS (SELECT 1 FROM approvals WHERE approval_id = NEW.approval_id)
BEGIN
    SELECT RAISE(ABORT, 'an approval is never replaced');
END;

CREATE TRIGGER approvals_keep_their_word BEFORE UPDATE ON approvals
WHEN NEW.approval_id IS NOT OLD.approval_id OR NEW.timing_partner_id IS NOT OLD.timing_partner_id
    OR NEW.destination_id IS NOT OLD.destination_id OR NEW.version_id IS NOT OLD.version_id OR NEW.act IS NOT OLD.act
    OR NEW.payload_hash IS NOT OLD.payload_hash OR NEW.base_hash IS NOT OLD.base_hash
    OR NEW.rendered_hash IS NOT OLD.rendered_hash OR NEW.map_version IS NOT OLD.map_version
    OR NEW.policy_id IS NOT OLD.policy_id OR NEW.tells IS NOT OLD.tells OR NEW.tells_many IS NOT OLD.tells_many
    OR NEW.overwrites IS NOT OLD.overwrites OR NEW.reason IS NOT OLD.reason OR NEW.needs_second IS NOT OLD.needs_second
    OR NEW.requested_by IS NOT OLD.requested_by OR NEW.requested_name IS NOT OLD.requested_name
    OR NEW.requested_role IS NOT OLD.requested_role OR NEW.requested_at IS NOT OLD.requested_at
    OR NEW.not_before IS NOT OLD.not_before OR NEW.expires_at IS NOT OLD.expires_at OR NEW.device IS NOT OLD.device
    OR NEW.seen IS NOT OLD.seen
BEGIN
    SELECT RAISE(ABORT, 'what an approval is about never changes');
END;

CREATE TRIGGER approvals_stay_decided BEFORE UPDATE ON approvals
WHEN OLD.approved_at IS NOT NULL AND (
    NEW.approved_by IS NOT OLD.approved_by OR NEW.approved_name IS NOT OLD.approved_name
    OR NEW.approved_role IS NOT OLD.approved_role OR NEW.approved_at IS NOT OLD.approved_at
)
BEGIN
    SELECT RAISE(ABORT, 'who approved never changes');
END;

CREATE TRIGGER approvals_end_once BEFORE UPDATE ON approvals
WHEN NEW.state <> OLD.state AND (
    OLD.state NOT IN ('waiting', 'approved') OR NEW.state = 'waiting' OR (NEW.state = 'used' AND OLD.state <> 'approved')
)
BEGIN
    SELECT RAISE(ABORT, 'an approval that ended never stands again');
END;

CREATE TRIGGER approvals_never_deleted BEFORE DELETE ON approvals
BEGIN
    SELECT RAISE(ABORT, 'an approval is never deleted');
END;

CREATE TRIGGER publications_never_replaced BEFORE INSERT ON publications
WHEN EXISTS (SELECT 1 FROM publications WHERE publication_id = NEW.publication_id OR approval_id = NEW.approval_id)
BEGIN
    SELECT RAISE(ABORT, 'a publication is never replaced');
END;

CREATE TRIGGER publications_need_an_approval BEFORE INSERT ON publications
WHEN NOT EXISTS (
    SELECT 1 FROM approvals AS a
    WHERE a.approval_id = NEW.approval_id AND a.state = 'approved' AND a.destination_id = NEW.destination_id
        AND a.version_id = NEW.version_id AND a.payload_hash = NEW.payload_hash AND a.act = NEW.act
        AND (a.not_before IS NULL OR a.not_before <= NEW.made_at)
        AND (a.needs_second = 0 OR (a.approved_by IS NOT NULL AND a.approved_by IS NOT a.requested_by))
)
BEGIN
    SELECT RAISE(ABORT, 'nothing is published without an approval of exactly that');
END;

CREATE TRIGGER publications_stay_what_they_are BEFORE UPDATE ON publications
WHEN NEW.publication_id IS NOT OLD.publication_id OR NEW.approval_id IS NOT OLD.approval_id
    OR NEW.destination_id IS NOT OLD.destination_id OR NEW.version_id IS NOT OLD.version_id OR NEW.act IS NOT OLD.act
    OR NEW.payload_hash IS NOT OLD.payload_hash
BEGIN
    SELECT RAISE(ABORT, 'what a publication is about never changes');
END;

CREATE TRIGGER publications_never_deleted BEFORE DELETE ON publications
BEGIN
    SELECT RAISE(ABORT, 'a publication is never deleted');
END;
