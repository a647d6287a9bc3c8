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
    package static let inputs = [
        ActionInput("enrollment", help: "Its enrollment_id.", placeholder: "enrollment-id")
    ]
    package static let event = "enrollment.revoked"
    package static let statements = [revoking]

    private let id: Identifier

    package init(_ id: Identifier) { self.id = id }

    package init(_ words: ActionWords) throws(UnreadableInput) {
        guard let id = Identifier(words["enrollment"]) else {
            throw UnreadableInput("an enrollment's id is a UUID, not '\(words["enrollment"])'")
        }
        self.id = id
    }

    package var needsPassword: Bool { true }

    package static func button(on subject: ActionSubject) -> ActionButton? {
        guard case .enrollments = subject else { return nil }
        return ActionButton(
            "Revoke", "enrollment",
            fields: [
                .init(name: "enrollment", caption: "Enrollment id", hint: "0198c2f4-...", size: 36),
                .password,
            ],
            warning: "Its device can answer no more, and must enroll again. That cannot be undone.")
    }

    package func run(_ connection: inout Connection) async throws -> String {
        guard let before = try await Enrollment.read(id, &connection) else {
            throw Enrollment.unknown(id)
        }
        let isRevoked: Bool
        do {
            isRevoked = try await connection.run(Self.revoking, [.identifier(id)])[0].bool(0)
        } catch let error as PostgresError where error.state == "CS003" {
            // There is one, so what is missing is the right: a gateway's login revokes those of its app only.
            throw AdministrationError.notAllowed(.admin)
        }
        return "enrollment \(id) is \(isRevoked ? "revoked" : "\(before.status) already")"
    }

    /// $1 id. The function writes the event.
    private static let revoking = Statement(
        "action.revoke_enrollment", "SELECT countersign.revoke_enrollment($1::uuid)")
}
