package import Postgres

/// A time that history has gone back, as `countersign.epochs` has it.
package struct Restore: Sendable {
    package let number: Int
    package let beganAt: Timestamp
    /// Up to then the database knows what has happened; nil when it had never been worked with.
    package let knownUntil: Timestamp?
    package let releasedAt: Timestamp?
    package let codes: Int
    package let requests: Int
    package let enrollments: Int
    package let reason: String
    /// Webhooks that wait for an operator.
    package let waiting: Int
    /// Whether workers and gateways wait, too.
    package let isWorkHeld: Bool
}

extension Restore: CustomStringConvertible {
    package var description: String {
        "it has gone back at \(beganAt) to \(knownUntil.map { "\($0)" } ?? "an unknown time"): \(reason)"
    }
}

extension Restore {
    /// Nil when history has never gone back.
    package static func latest(_ connection: inout Connection) async throws -> Restore? {
        try await connection.run(FindLatestRestore()).first()
    }

    /// What there is that `declare(_:)` would end.
    package static func foresee(_ connection: inout Connection) async throws -> Foreseen {
        try await connection.run(ForeseeRestore()).one()
    }

    package struct Foreseen: Sendable, RowReadable {
        /// That are open.
        package let requests: Int
        /// That were not collected.
        package let codes: Int

        package init(_ row: inout RowReader) throws {
            requests = try row.int("requests")
            codes = try row.int("codes")
        }
    }

    /// Says what nobody has noticed.
    package static func declare(_ connection: inout Connection) async throws {
        try await connection.run(DeclareRestore())
    }

    /// Lets work go on, and sends the webhooks that wait, or gives those up whose requests the restore has ended.
    /// Returns how many there were; nil when nothing was waiting for that.
    package static func release(sending: Bool, _ connection: inout Connection) async throws -> Int? {
        try await connection.run(ReleaseRestore(isSending: sending)).one()
    }
}

struct FindLatestRestore: PreparedStatement {
    static let statement = Statement(
        "restore.latest",
        """
        SELECT e.number, e.began_at, e.known_until, e.released_at, e.codes, e.requests, e.enrollments, e.reason,
               CASE WHEN e.released_at IS NULL THEN (SELECT count(*) FROM countersign.dispatch_queue q
                                                     WHERE q.due_at = countersign.held()) ELSE 0 END AS waiting,
               e.released_at IS NULL AND NOT (SELECT s.resume_after_restore FROM countersign.settings s) AS is_work_held
        FROM countersign.epochs e ORDER BY e.number DESC LIMIT 1
        """)

    static func decode(_ row: inout RowReader) throws -> Restore {
        Restore(
            number: try row.int("number"), beganAt: try row.timestamp("began_at"),
            knownUntil: try row.optionalTimestamp("known_until"),
            releasedAt: try row.optionalTimestamp("released_at"), codes: try row.int("codes"),
            requests: try row.int("requests"), enrollments: try row.int("enrollments"),
            reason: try row.text("reason"), waiting: try row.int("waiting"),
            isWorkHeld: try row.bool("is_work_held"))
    }
}

struct ForeseeRestore: PreparedStatement {
    typealias Output = Restore.Foreseen

    static let statement = Statement(
        "restore.foresee",
        """
        SELECT (SELECT count(*) FROM countersign.auth_requests r WHERE r.open_until IS NOT NULL) AS requests,
               (SELECT count(*) FROM countersign.otp_secrets) AS codes
        """)
}

struct DeclareRestore: PreparedStatement {
    static let statement = Statement("restore.declare", "SELECT FROM countersign.declare_epoch()")
}

struct ReleaseRestore: PreparedStatement {
    let isSending: Bool

    static let statement = Statement("restore.release", "SELECT countersign.release_epoch($1) AS webhooks")
    var parameters: [Parameter] { [.bool(isSending)] }
    static func decode(_ row: inout RowReader) throws -> Int? { try row.optionalInt("webhooks") }
}
