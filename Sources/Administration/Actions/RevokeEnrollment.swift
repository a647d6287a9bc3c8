package import Postgres

/// `countersign enrollment revoke`.
package struct RevokeEnrollment: OperatorAction {
    package static let command = "enrollment revoke"
    package static let abstract = "Revoke an enrollment: its device can answer no more."
    package static let discussion = """
        At once, also for requests that it has scanned already. The server's secret key for it is forgotten. \
        It cannot be undone: the device enrolls again.

        Example:
          countersign enrollment revoke 0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f
        """
    package static let inputs = [Enrollment.input]
    package static let event = "enrollment.revoked"
    package static let statements: [any StatementFamily.Type] = [CallRevoke.self]

    private let id: Identifier

    package init(_ id: Identifier) { self.id = id }

    package init(_ words: ActionWords) throws(UnreadableInput) {
        id = try Enrollment.readID(words)
    }

    package var needsPassword: Bool { true }

    package static func button(on subject: ActionSubject) -> ActionButton? {
        let warning = "Its device can answer no more, and must enroll again. That cannot be undone."
        if case .enrollment(let enrollment) = subject, ["pending", "active"].contains(enrollment.status) {
            return ActionButton(
                "Revoke", "device \(enrollment.deviceID), enrollment \(enrollment.id)",
                ["enrollment": "\(enrollment.id)"], fields: [.password], warning: warning)
        }
        guard case .enrollments = subject else { return nil }
        return ActionButton(
            "Revoke", "enrollment",
            fields: [
                .init(name: "enrollment", caption: "Enrollment id", hint: "0198c2f4-...", size: 36),
                .password,
            ],
            warning: warning)
    }

    package func run(_ connection: inout Connection) async throws -> String {
        guard let before = try await Enrollment.read(id, &connection) else {
            throw Enrollment.unknown(id)
        }
        let isRevoked: Bool
        do {
            isRevoked = try await connection.run(CallRevoke(enrollment: id)).one()
        } catch let error as PostgresError where error.state == "CS003" {
            // There is one, so what is missing is the right: a gateway's login revokes those of its app only.
            throw AdministrationError.notAllowed(.admin)
        }
        return "enrollment \(id) is \(isRevoked ? "revoked" : "\(before.status) already")"
    }
}

extension Enrollment {
    static let input = ActionInput("enrollment", help: "Its enrollment_id.", placeholder: "enrollment-id")

    /// Of actions that are about one.
    static func readID(_ words: ActionWords) throws(UnreadableInput) -> Identifier {
        try readIdentifier(words["enrollment"], "an enrollment's id")
    }
}

/// Whether it was active. The function writes the event.
struct CallRevoke: PreparedStatement {
    let enrollment: Identifier

    static let statement = Statement(
        "action.revoke_enrollment", "SELECT countersign.revoke_enrollment($1::uuid) AS is_revoked")
    var parameters: [Parameter] { [.identifier(enrollment)] }

    static func decode(_ row: inout RowReader) throws -> Bool { try row.bool("is_revoked") }
}
