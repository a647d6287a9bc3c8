import Postgres

/// The least that checks what a portal inserts: a table as the floor's, whose trigger finds by one look into one key that
/// this login may have such a request with such an address, fills it in and queues it, and of which a login sees its own
/// rows. No limit, text or address is looked at besides, no worker is told, and what operators change is not seen. So this
/// is what inserts that are checked at all could reach at most.
enum AdmittingFloor {
    static let requests = "bench.kept_admitted"

    /// After the floor's tables. What is admitted is filled in by `prepare`.
    static let schema = """
        CREATE TABLE bench.admissions (
            login name, auth_type text, url text, portal_id integer, method text, message text, request_expires_in integer,
            PRIMARY KEY (login, auth_type, url));
        CREATE FUNCTION bench.admit() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
        SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
        BEGIN
            SELECT a.portal_id, a.method, a.message, 'requested', now.at, now.at + make_interval(secs => a.request_expires_in),
                   now.at + make_interval(secs => a.request_expires_in)
                INTO NEW.portal_id, NEW.method, NEW.message, NEW.status, NEW.requested_at, NEW.expires_at, NEW.open_until
                FROM (SELECT clock_timestamp() AS at OFFSET 0) AS now, bench.admissions a
                WHERE a.login = session_user AND a.auth_type = NEW.auth_type AND a.url = NEW.callback_uri;
            IF NEW.portal_id IS NULL THEN
                RAISE EXCEPTION 'this request is not admitted';
            END IF;
            INSERT INTO \(SignInFloor.kept.issues) (portal_id, transaction_id) VALUES (NEW.portal_id, NEW.transaction_id);
            RETURN NEW;
        END
        $$;
        CREATE TRIGGER admit BEFORE INSERT ON \(requests) FOR EACH ROW EXECUTE FUNCTION bench.admit();
        ALTER TABLE \(requests) ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own_rows ON \(requests) FOR SELECT
            USING (portal_id = (SELECT a.portal_id FROM bench.admissions a WHERE a.login = session_user LIMIT 1));
        CREATE POLICY inserts ON \(requests) FOR INSERT WITH CHECK (true)
        """

    /// Admits what the portals that there are insert.
    static func prepare(_ bench: Bench) async throws {
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

/// The product's insert, into that table.
struct InsertAdmittedRequest: PreparedStatement {
    let visit: Visit

    static let statement = Statement(
        "admitted request", InsertRequest.insertion(into: AdmittingFloor.requests))
    var parameters: [Parameter] { InsertRequest(visit: visit).parameters }

    static func decode(_ row: inout RowReader) throws -> Identifier { try InsertRequest.decode(&row) }
}
