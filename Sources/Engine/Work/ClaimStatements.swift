import Postgres

/// The keys that the next claim would take, without taking them.
struct FindClaimable: StatementFamily {
    let claim: Claim
    let lanes: Lanes
    let limit: Int

    static var members: [Statement] { Claim.all.map(statement) }
    var statement: Statement { Self.statement(claim) }
    var parameters: [Parameter] { Claim.parameters(lanes, limit: limit) }

    private static func statement(_ claim: Claim) -> Statement {
        Statement(
            "\(claim.table).peek",
            "WITH RECURSIVE \(claim.sql(.round, locking: false)) SELECT key FROM claimed")
    }

    static func decode(_ row: inout RowReader) throws -> Identifier { try row.identifier("key") }
}

/// The keys that broke a batch before.
struct FindBroken: StatementFamily {
    let claim: Claim

    static var members: [Statement] { Claim.all.map(statement) }
    var statement: Statement { Self.statement(claim) }

    private static func statement(_ claim: Claim) -> Statement {
        let pending = claim.condition.replacing("q.attempts = 0", with: "q.attempts > 0")
        return Statement(
            "\(claim.table).broken",
            "SELECT q.\(claim.key) AS key FROM \(claim.table) q WHERE \(pending) LIMIT 64")
    }

    static func decode(_ row: inout RowReader) throws -> Identifier { try row.identifier("key") }
}

/// Counts one more failed try of a row; returns how many it has had, or nothing when the row is gone, or somebody else's: a
/// portal that cancels its request holds it.
struct CountFailure: StatementFamily {
    let claim: Claim
    let key: Identifier

    static var members: [Statement] { Claim.all.map(statement) }
    var statement: Statement { Self.statement(claim) }
    var parameters: [Parameter] { [.identifier(key)] }

    private static func statement(_ claim: Claim) -> Statement {
        Statement(
            "\(claim.table).count_failure",
            """
            UPDATE \(claim.table) SET attempts = least(attempts + 1, 1000)\(claim.isLeased ? ", leased_until = NULL" : "")
            WHERE ctid = (SELECT q.ctid FROM \(claim.table) q WHERE \(claim.isNamed) FOR UPDATE SKIP LOCKED)
            RETURNING attempts
            """)
    }

    static func decode(_ row: inout RowReader) throws -> Int { try row.int("attempts") }
}

/// Gives leased rows back. Rows that are gone are gone.
struct ReleaseLeases: StatementFamily {
    let claim: Claim
    /// `pause`: how long the row is passed over still.
    let rows: [(lane: Int32, key: Identifier, pause: Duration)]

    static var members: [Statement] { [ofSubmissions, ofEnrollments] }
    var statement: Statement {
        claim.table == Claim.validate.table ? Self.ofSubmissions : Self.ofEnrollments
    }
    var parameters: [Parameter] {
        [
            .int32s(rows.map(\.lane)), .identifiers(rows.map(\.key)),
            .int32s(rows.map { Int32($0.pause / .milliseconds(1)) }),
        ]
    }

    private static let ofSubmissions = statement(.validate)
    private static let ofEnrollments = statement(.enroll)

    private static func statement(_ claim: Claim) -> Statement {
        Statement(
            "\(claim.table).release",
            """
            UPDATE \(claim.table) q
            SET leases = 0,
                leased_until = CASE WHEN g.pause > 0 THEN clock_timestamp() + g.pause * interval '1 ms' END
            FROM unnest($1::integer[], $2::uuid[], $3::integer[]) AS g (lane, key, pause)
            WHERE q.\(claim.lane) = g.lane AND q.\(claim.key) = g.key
              AND (q.leased_until IS NOT NULL OR g.pause > 0)
            """)
    }
}
