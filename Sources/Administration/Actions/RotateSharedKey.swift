package import Postgres

/// `countersign key rotate`: the server's key pair that enrollments share when `unique_pgp_keys_per_enrollment` is off.
/// Workers make it when it is needed first, so that no secret key is ever anywhere else.
package struct RotateSharedKey: OperatorAction {
    package static let command = "key rotate"
    package static let abstract = "Retire the server's shared OpenPGP key pair."
    package static let discussion = """
        The next enrollment that shares a key gets a new one, made by the worker. Enrollments made under the \
        old pair keep working with it, until their devices enroll again. Needed only where \
        unique_pgp_keys_per_enrollment is off: else each enrollment has a pair of its own.

        Example:
          countersign key rotate
        """
    package static let inputs: [ActionInput] = []
    package static let event = "key.rotated"
    package static let statements: [any StatementFamily.Type] = [RetireSharedKey.self, CountRetiredKeys.self]

    package init(_ words: ActionWords) {}
    package init() {}

    package static func button(on subject: ActionSubject) -> ActionButton? {
        guard case .sharedKey = subject else { return nil }
        return ActionButton(
            "Rotate", "shared key pair",
            warning: "The next enrollment that shares a key gets a new one; those made under the old keep it."
        )
    }

    package func run(_ connection: inout Connection) async throws -> String {
        guard let retired = try await connection.run(RetireSharedKey()).first() else {
            return "there is no shared key pair: the next enrollment that shares one makes it"
        }
        let count = try await connection.run(CountRetiredKeys()).one()
        return """
            shared key pair \(retired) is retired; the next enrollment that shares one makes a new one
            \(count) active \(count == 1 ? "enrollment goes" : "enrollments go") on under retired pairs
            """
    }
}

/// The fingerprint of the pair, if there is one.
struct RetireSharedKey: PreparedStatement {
    static let statement = Statement(
        "action.rotate_key",
        """
        UPDATE countersign.server_keys SET retired_at = clock_timestamp()
        WHERE shared AND retired_at IS NULL RETURNING fingerprint
        """)

    static func decode(_ row: inout RowReader) throws -> String { try row.text("fingerprint") }
}

/// How many active enrollments go on under retired pairs.
struct CountRetiredKeys: PreparedStatement {
    static let statement = Statement(
        "action.count_retired_keys",
        """
        SELECT count(*) AS enrollments FROM countersign.enrollments e JOIN countersign.server_keys k USING (server_key_id)
        WHERE e.status = 'active' AND k.shared AND k.retired_at IS NOT NULL
        """)

    static func decode(_ row: inout RowReader) throws -> Int { try row.int("enrollments") }
}
