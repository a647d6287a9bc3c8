-- Which function runs when a row is inserted, and where. They stand together in a file of their own, because making
-- a trigger again waits for everybody who writes to the table, while a function is replaced beside them.
-- after: bell, cells, input_checks, requests, enrollments, savepoints, submissions, webhooks

-- Only the owner may write status: the column is granted to nobody. A row that has one is restored (pg_restore --data-only,
-- logical replication), or was filled in for many at once (see gateway.sql): it stays as it is.
-- One trigger for a row: the text of each WHEN is read anew for each statement, which takes as long as a look into a table.
CREATE OR REPLACE TRIGGER check_auth_request BEFORE INSERT ON countersign.auth_requests
    FOR EACH ROW WHEN (NEW.status IS NULL) EXECUTE FUNCTION countersign.check_auth_request();
CREATE OR REPLACE TRIGGER refuse_deep_savepoints BEFORE INSERT ON countersign.auth_requests
    FOR EACH STATEMENT WHEN (pg_current_xact_id_if_assigned() IS NOT NULL)
    EXECUTE FUNCTION countersign.refuse_deep_savepoints();

CREATE OR REPLACE TRIGGER check_display_name BEFORE INSERT OR UPDATE OF display_name ON countersign.portals
    FOR EACH ROW EXECUTE FUNCTION countersign.check_display_name();
CREATE OR REPLACE TRIGGER check_callback_url BEFORE INSERT OR UPDATE OF url ON countersign.callback_urls
    FOR EACH ROW EXECUTE FUNCTION countersign.check_callback_url();

-- Not for over_limit, which each cell counts by itself.
CREATE OR REPLACE TRIGGER refuse_away BEFORE INSERT OR DELETE OR UPDATE OF app_id, created_at, enabled, login, name, channel,
        max_devices_per_user, max_enrollments_per_hour, enrollment_hold, max_waiting, max_waiting_per_device,
        max_malformed_per_user ON countersign.apps
    FOR EACH STATEMENT EXECUTE FUNCTION countersign.refuse_app_away();

CREATE OR REPLACE TRIGGER check_enrollment BEFORE INSERT ON countersign.enrollments
    FOR EACH ROW EXECUTE FUNCTION countersign.check_enrollment();
CREATE OR REPLACE TRIGGER ring_bell AFTER INSERT ON countersign.enrollments
    FOR EACH STATEMENT EXECUTE FUNCTION countersign.ring_after_insert('enroll');

-- Of rows that have a status it only takes away the code.
CREATE OR REPLACE TRIGGER take_submission BEFORE INSERT ON countersign.submissions
    FOR EACH ROW WHEN (NEW.status IS NULL OR NEW.otp IS NOT NULL) EXECUTE FUNCTION countersign.take_submission();
-- also where session_replication_role would switch triggers off: no code may be stored, ever
ALTER TABLE countersign.submissions ENABLE ALWAYS TRIGGER take_submission;

CREATE OR REPLACE TRIGGER note_dead_delivery AFTER UPDATE OF status ON countersign.webhook_deliveries
    FOR EACH ROW WHEN (NEW.status = 'dead' AND OLD.status <> 'dead')
    EXECUTE FUNCTION countersign.note_dead_delivery();
