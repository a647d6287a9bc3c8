-- Row-level security: which rows portals, apps, workers and operators see of the tables that portals and apps insert
-- into. Making a policy again waits for everybody who reads the table.
-- after: callers

DROP POLICY IF EXISTS portal_reads ON countersign.auth_requests;
CREATE POLICY portal_reads ON countersign.auth_requests FOR SELECT TO countersign_portal, countersign_gateway
    USING (portal_id = (SELECT countersign.current_portal()));
-- Whose a request or a submission is, its trigger says by the session's login: the column is granted to nobody, the
-- trigger cannot be switched off by those who insert, and without it the column would be NULL, which it may not be. To
-- ask once more here cost an insert 25 us.
DROP POLICY IF EXISTS portal_inserts ON countersign.auth_requests;
CREATE POLICY portal_inserts ON countersign.auth_requests FOR INSERT TO countersign_portal, countersign_gateway
    WITH CHECK (true);

DROP POLICY IF EXISTS app_reads ON countersign.enrollments;
CREATE POLICY app_reads ON countersign.enrollments FOR SELECT TO countersign_app, countersign_gateway
    USING (app_id = (SELECT countersign.current_app()));
DROP POLICY IF EXISTS app_inserts ON countersign.enrollments;
CREATE POLICY app_inserts ON countersign.enrollments FOR INSERT TO countersign_app, countersign_gateway
    WITH CHECK (app_id = (SELECT countersign.current_app()));
DROP POLICY IF EXISTS app_reads ON countersign.submissions;
CREATE POLICY app_reads ON countersign.submissions FOR SELECT TO countersign_app
    USING (app_id = (SELECT own.app_id FROM countersign.app_of_login own));
DROP POLICY IF EXISTS gateway_reads ON countersign.submissions;
CREATE POLICY gateway_reads ON countersign.submissions FOR SELECT TO countersign_gateway
    USING (app_id = (SELECT countersign.current_app()));
DROP POLICY IF EXISTS app_inserts ON countersign.submissions;
CREATE POLICY app_inserts ON countersign.submissions FOR INSERT TO countersign_app, countersign_gateway
    WITH CHECK (true);

DROP POLICY IF EXISTS worker_all ON countersign.auth_requests;
CREATE POLICY worker_all ON countersign.auth_requests TO countersign_worker USING (true) WITH CHECK (true);
DROP POLICY IF EXISTS worker_all ON countersign.enrollments;
CREATE POLICY worker_all ON countersign.enrollments TO countersign_worker USING (true) WITH CHECK (true);
DROP POLICY IF EXISTS worker_all ON countersign.submissions;
CREATE POLICY worker_all ON countersign.submissions TO countersign_worker USING (true) WITH CHECK (true);

DROP POLICY IF EXISTS operators_read ON countersign.auth_requests;
CREATE POLICY operators_read ON countersign.auth_requests FOR SELECT TO countersign_monitor, countersign_admin
    USING (true);
DROP POLICY IF EXISTS operators_read ON countersign.enrollments;
CREATE POLICY operators_read ON countersign.enrollments FOR SELECT TO countersign_monitor, countersign_admin
    USING (true);
DROP POLICY IF EXISTS operators_read ON countersign.submissions;
CREATE POLICY operators_read ON countersign.submissions FOR SELECT TO countersign_monitor, countersign_admin
    USING (true);
