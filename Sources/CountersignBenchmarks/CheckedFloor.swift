import Postgres

/// The least that checks who calls and what is inserted: a trigger that finds by one look into one key that this login may
/// have such a request with such an address, or such an answer of such a device, fills it in and queues it; row security,
/// by which a login sees its own rows; and waits that answer for a login's own rows. No limit, text or address is looked
/// at besides, no worker is told, and what operators change is not seen.
extension SignInFloor {
    /// After the tables. What is admitted is filled in by `admit` and `AdmitDevice`.
    static let checks = """
        CREATE TABLE bench.admissions (
            login name, auth_type text, url text, portal_id integer, method text, message text, request_expires_in integer,
            PRIMARY KEY (login, auth_type, url));
        CREATE TABLE bench.devices (login name, enrollment uuid, app_id integer, PRIMARY KEY (login, enrollment));
        CREATE FUNCTION bench.admit_request() RETURNS trigger
        LANGUAGE plpgsql \(ownersRights) \(planning) AS $$
        BEGIN
            SELECT a.portal_id, a.method, a.message, 'requested', now.at, now.at + make_interval(secs => a.request_expires_in),
                   now.at + make_interval(secs => a.request_expires_in)
                INTO NEW.portal_id, NEW.method, NEW.message, NEW.status, NEW.requested_at, NEW.expires_at, NEW.open_until
                FROM (SELECT clock_timestamp() AS at OFFSET 0) AS now, bench.admissions a
                WHERE a.login = session_user AND a.auth_type = NEW.auth_type AND a.url = NEW.callback_uri;
            IF NEW.portal_id IS NULL THEN
                RAISE EXCEPTION 'this request is not admitted';
            END IF;
            INSERT INTO \(checked.issues) (portal_id, transaction_id) VALUES (NEW.portal_id, NEW.transaction_id);
            RETURN NEW;
        END
        $$;
        CREATE FUNCTION bench.admit_answer() RETURNS trigger
        LANGUAGE plpgsql \(ownersRights) \(planning) AS $$
        BEGIN
            SELECT d.app_id, 'pending', clock_timestamp() INTO NEW.app_id, NEW.status, NEW.submitted_at
                FROM bench.devices d WHERE d.login = session_user AND d.enrollment = NEW.enrollment;
            IF NEW.app_id IS NULL THEN
                RAISE EXCEPTION 'this answer is not admitted';
            END IF;
            INSERT INTO \(checked.judgements) (app_id, submission_id, enrollment_id)
                VALUES (NEW.app_id, NEW.submission_id, NEW.enrollment);
            RETURN NEW;
        END
        $$;
        CREATE TRIGGER admit BEFORE INSERT ON \(checked.requests) FOR EACH ROW EXECUTE FUNCTION bench.admit_request();
        CREATE TRIGGER admit BEFORE INSERT ON \(checked.submissions) FOR EACH ROW EXECUTE FUNCTION bench.admit_answer();
        \(policies(checked.requests, of: "countersign_portal", own: ownPortal));
        \(policies(checked.submissions, of: "countersign_app", own: ownApp))
        """

    /// SQL: whether a row is the caller's.
    static let ownPortal =
        "portal_id = (SELECT a.portal_id FROM bench.admissions a WHERE a.login = session_user LIMIT 1)"
    static let ownApp = "app_id = (SELECT d.app_id FROM bench.devices d WHERE d.login = session_user LIMIT 1)"

    static let ownersRights = "SECURITY DEFINER SET search_path = pg_catalog, pg_temp"

    private static func policies(_ table: String, of group: String, own: String) -> String {
        """
        ALTER TABLE \(table) ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own_rows ON \(table) FOR SELECT TO \(group) USING (\(own));
        CREATE POLICY inserts ON \(table) FOR INSERT TO \(group) WITH CHECK (true);
        CREATE POLICY batches ON \(table) TO countersign_worker USING (true)
        """
    }

    /// Admits what the portals that there are insert.
    static func admit(_ bench: Bench) async throws {
        var superuser = try await bench.database.connectAsSuperuser()
        try await superuser.execute(
            """
            INSERT INTO bench.admissions
                SELECT p.login, t.name, c.url, p.portal_id, t.method, m.message, t.request_expires_in
                FROM countersign.portals p JOIN countersign.callback_urls c USING (portal_id)
                CROSS JOIN countersign.auth_types t JOIN countersign.auth_type_messages m ON m.auth_type = t.name AND m.language_code = 'en'
                ON CONFLICT DO NOTHING;
            ANALYZE bench.admissions
            """)
    }
}

/// That an app's login may answer for that device.
struct AdmitDevice: PreparedStatement {
    let login: String
    let enrollment: Identifier

    static let statement = Statement(
        "admit device", "INSERT INTO bench.devices (login, enrollment, app_id) VALUES ($1, $2, 1)")
    var parameters: [Parameter] { [.text(login), .identifier(enrollment)] }
    static func decode(_ row: inout RowReader) throws {}
}
