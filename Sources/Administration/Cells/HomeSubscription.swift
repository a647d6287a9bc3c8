package import Postgres

/// What a cell has of the home that it follows: PostgreSQL's logical replication of four tables. Everything here is a
/// superuser's of the cell's server.
package struct HomeSubscription: Sendable {
    /// Its own number.
    let cell: Int
    /// Whether there is one.
    package let exists: Bool
    package let isEnabled: Bool
    /// Of the four tables those that are up to date, but for what is under way.
    package let copied: Int
    /// How often copying has failed since it was begun.
    package let failures: Int
    /// The home's number; nil for a cell that has never followed one.
    package let home: Int?
    /// Whether apps, enrollments or keys of servers are here, wherever they have come from.
    let hasRows: Bool
    let isSuperuser: Bool
    /// What the slots of first copies are named by that have not ended.
    let copyingSlots: String

    package static let tables = 4

    package static func read(_ connection: inout Connection) async throws -> HomeSubscription {
        try await connection.run(ReadHomeSubscription()).one()
    }

    /// By which the home keeps what this cell has not had yet. One for each cell: they are the server's.
    package var slot: String { CellFollower.slotPrefix + "\(cell)" }

    /// Throws `AdministrationError` where following, or doing so anew, would go against what is here.
    package func check(_ offer: HomeOffer, isAgain: Bool) throws {
        guard isSuperuser else {
            throw AdministrationError.refused(
                "only a superuser of the cell's server may make its subscription")
        }
        guard offer.cell != cell else {
            throw AdministrationError.refused(
                "the home is cell \(offer.cell), as this one: give another as the home")
        }
        if let home, home != offer.cell {
            throw AdministrationError.refused(
                "this cell follows cell \(home), whose devices it has: it cannot follow cell \(offer.cell)")
        }
        if home == nil, !exists, hasRows {
            throw AdministrationError.refused(
                "this cell has apps or devices of its own already, whose place the home's would take: "
                    + "only a cell without them can follow")
        }
        if isAgain, home == nil, !exists {
            throw AdministrationError.refused("this cell follows none yet: leave out --again")
        }
    }
}

extension HomeSubscription {
    /// Whether a copy was begun that goes on by itself. One that has got no further than its subscription, or has lost it, has
    /// to be begun anew.
    package var isBegun: Bool { exists && (isEnabled || copied > 0) }

    /// Whether something may be here, or at the home, that an earlier copy has left.
    package var hasFollowed: Bool { exists || home != nil }

    /// Throws `AdministrationError` where there is a slot of this cell's name at the home, and this cell has not made it.
    package func checkSlot(_ home: inout Connection) async throws {
        guard !hasFollowed, try await home.run(FindSlot(slot: slot)).one() else { return }
        throw AdministrationError.refused(
            "at the home there is a replication slot \(slot) already: is there another cell \(cell)? If not, drop it "
                + "there: SELECT pg_drop_replication_slot('\(slot)')")
    }

    /// Begins to copy, and to follow what comes later; what an earlier copy has left goes. No answer is judged meanwhile. What
    /// was counted here of devices, wrong codes and locks, is put by, see `restoreLocks`: also that of a copy before this one
    /// that was not waited for.
    ///
    /// - Parameters:
    ///   - conninfo: how this cell's server reaches the home, as libpq takes it.
    ///   - home: a session there of the login that replicates.
    package func begin(
        _ conninfo: String, home: inout Connection, _ connection: inout Connection
    ) async throws {
        try await subscribe(conninfo, &connection)
        if hasFollowed { try await dropSlots(&home) }
        // Not by CREATE SUBSCRIPTION: a slot waits for all transactions of its server, which may be this cell's, too.
        try await home.run(CreateSlot(slot: slot))
        try await connection.execute("ALTER SUBSCRIPTION home ENABLE")
    }

    /// Makes the subscription, which begins nothing yet, and empties the tables, both or neither. From then on the tables
    /// are said to be uncopied, so that lags() is true, and whatever fails later can be begun anew.
    private func subscribe(_ conninfo: String, _ connection: inout Connection) async throws {
        // The server logs a statement as a whole, and with this one what may be a password.
        try await connection.execute(
            """
            SET log_statement = none;
            SET log_min_duration_statement = -1;
            SET log_min_duration_sample = -1;
            SET log_transaction_sample_rate = 0;
            SET log_min_error_statement = panic;
            SET pg_stat_statements.track_utility = off
            """)
        // Without a slot the home need not be asked, which may have lost it, or be another server by now.
        let removal = """
            ALTER SUBSCRIPTION home DISABLE;
            ALTER SUBSCRIPTION home SET (slot_name = NONE);
            DROP SUBSCRIPTION home;

            """
        // Rows of requests refer to what goes and comes back.
        try await connection.execute(
            """
            BEGIN;
            \(exists ? removal : "")CREATE SUBSCRIPTION home CONNECTION \(quotedLiteral(conninfo)) PUBLICATION countersign_home
                WITH (create_slot = false, slot_name = \(slot), synchronous_commit = on, enabled = false);
            INSERT INTO countersign.kept_locks (enrollment_id, locked_until, wrong_codes)
                SELECT enrollment_id, locked_until, wrong_codes FROM countersign.enrollments
                WHERE locked_until IS NOT NULL OR wrong_codes <> '{}'
                ON CONFLICT (enrollment_id) DO UPDATE
                SET locked_until = excluded.locked_until, wrong_codes = excluded.wrong_codes;
            SET LOCAL session_replication_role = replica;
            DELETE FROM countersign.enrollments;
            DELETE FROM countersign.apps;
            DELETE FROM countersign.server_keys;
            DELETE FROM countersign.home_heartbeat;
            COMMIT
            """)
    }

    /// Once everything is copied.
    package static func restoreLocks(_ connection: inout Connection) async throws {
        try await connection.execute(
            """
            WITH kept AS (DELETE FROM countersign.kept_locks RETURNING enrollment_id, locked_until, wrong_codes)
            UPDATE countersign.enrollments e SET locked_until = k.locked_until, wrong_codes = k.wrong_codes
            FROM kept k WHERE e.enrollment_id = k.enrollment_id
            """)
    }

    /// What the earlier subscription has left at the home. Its sender may live a moment longer: where its network is silent,
    /// until the home's wal_sender_timeout, a minute by default, is over.
    private func dropSlots(_ home: inout Connection) async throws {
        let deadline = ContinuousClock.now + .seconds(90)
        while let isOurs = try await home.run(DropSlots(slot: slot, copying: copyingSlots)).first() {
            guard ContinuousClock.now < deadline else {
                throw AdministrationError.refused(
                    "at the home somebody has used the replication slot \(slot) for 90 s: is there another cell \(cell)?"
                )
            }
            guard isOurs else {
                throw AdministrationError.refused(
                    "at the home a replication slot \(slot) belongs to another database: is there another cell \(cell)?"
                )
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}

struct ReadHomeSubscription: PreparedStatement {
    static let statement = Statement(
        "home.subscription",
        """
        SELECT countersign.cell() AS cell, s.oid IS NOT NULL AS does_exist, coalesce(s.subenabled, false) AS is_enabled,
               (SELECT count(*) FROM pg_subscription_rel r WHERE r.srsubid = s.oid AND r.srsubstate = 'r') AS copied,
               coalesce((SELECT f.apply_error_count + f.sync_error_count FROM pg_stat_subscription_stats f
                         WHERE f.subid = s.oid), 0) AS failures,
               (SELECT h.cell FROM countersign.home_heartbeat h WHERE h.cell <> countersign.cell()) AS home,
               EXISTS (SELECT FROM countersign.apps) OR EXISTS (SELECT FROM countersign.enrollments)
                   OR EXISTS (SELECT FROM countersign.server_keys) AS has_rows,
               (SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = current_user) AS is_superuser,
               format('pg_%s_sync_', s.oid) AS copying_slots
        FROM pg_database d LEFT JOIN pg_subscription s ON s.subdbid = d.oid AND s.subname = 'home'
        WHERE d.datname = current_database()
        """)

    static func decode(_ row: inout RowReader) throws -> HomeSubscription {
        HomeSubscription(
            cell: try row.int("cell"), exists: try row.bool("does_exist"),
            isEnabled: try row.bool("is_enabled"),
            copied: try row.int("copied"), failures: try row.int("failures"),
            home: try row.optionalInt("home"),
            hasRows: try row.bool("has_rows"),
            isSuperuser: try row.bool("is_superuser"), copyingSlots: try row.text("copying_slots"))
    }
}

struct FindSlot: PreparedStatement {
    let slot: String

    static let statement = Statement(
        "home.find_slot",
        "SELECT EXISTS (SELECT FROM pg_replication_slots s WHERE s.slot_name = $1) AS is_taken")

    var parameters: [Parameter] { [.text(slot)] }

    static func decode(_ row: inout RowReader) throws -> Bool { try row.bool("is_taken") }
}

struct CreateSlot: PreparedStatement {
    let slot: String

    static let statement = Statement(
        "home.create_slot", "SELECT FROM pg_create_logical_replication_slot($1, 'pgoutput')")

    var parameters: [Parameter] { [.text(slot)] }
}

/// Drops those of this database that nobody uses, and says of one that is left whether it is of this database.
struct DropSlots: PreparedStatement {
    let slot: String
    let copying: String

    // The slots are dropped by what is returned: a CTE that nothing has to read is not run.
    static let statement = Statement(
        "home.drop_slots",
        """
        SELECT f.is_ours FROM (
            SELECT s.database IS NOT DISTINCT FROM current_database() AS is_ours,
                   CASE WHEN s.active OR s.database IS DISTINCT FROM current_database() THEN false
                        ELSE pg_drop_replication_slot(s.slot_name) IS NOT NULL END AS is_dropped
            FROM pg_replication_slots s WHERE s.slot_name = $1 OR starts_with(s.slot_name, $2) OFFSET 0
        ) f WHERE NOT f.is_dropped ORDER BY f.is_ours LIMIT 1
        """)

    var parameters: [Parameter] { [.text(slot), .text(copying)] }

    static func decode(_ row: inout RowReader) throws -> Bool { try row.bool("is_ours") }
}
