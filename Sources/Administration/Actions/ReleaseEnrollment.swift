package import Postgres

/// `countersign enrollment release`.
package struct ReleaseEnrollment: OperatorAction {
    package static let command = "enrollment release"
    package static let abstract =
        "Let a user's further device answer that waits for an older one's confirmation."
    package static let discussion = """
        Of an app with an enrollment hold. The device would be let in by itself when held_until has come. Be sure that the \
        user has enrolled it.

        Example:
          countersign enrollment release 0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f
        """
    package static let inputs = [Enrollment.input]
    package static let event = "enrollment.released"
    package static let statements: [any StatementFamily.Type] = [CallRelease.self]

    private let id: Identifier

    package init(_ words: ActionWords) throws(UnreadableInput) {
        id = try Enrollment.readID(words)
    }

    package var needsPassword: Bool { true }

    package static func button(on subject: ActionSubject) -> ActionButton? {
        guard case .enrollment(let enrollment) = subject, enrollment.heldUntil != nil else { return nil }
        return ActionButton(
            "Release", "device \(enrollment.deviceID), enrollment \(enrollment.id)",
            ["enrollment": "\(enrollment.id)"], fields: [.password],
            warning: "No older device of the user has confirmed it. Be sure that the user has enrolled it.")
    }

    package func run(_ connection: inout Connection) async throws -> String {
        guard try await Enrollment.read(id, &connection) != nil else { throw Enrollment.unknown(id) }
        let isReleased = try await connection.run(CallRelease(enrollment: id)).one()
        return "enrollment \(id) is \(isReleased ? "released" : "not held")"
    }
}

/// Whether it was held. The function writes the event.
struct CallRelease: PreparedStatement {
    let enrollment: Identifier

    static let statement = Statement(
        "action.release_enrollment", "SELECT countersign.release_enrollment($1::uuid) AS is_released")
    var parameters: [Parameter] { [.identifier(enrollment)] }

    static func decode(_ row: inout RowReader) throws -> Bool { try row.bool("is_released") }
}
