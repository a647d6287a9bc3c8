package import Postgres

/// `countersign enrollment unlock`.
package struct UnlockEnrollment: OperatorAction {
    package static let command = "enrollment unlock"
    package static let abstract = "Let a device answer again that too many wrong codes have locked."
    package static let discussion = """
        It would be let in by itself ten minutes after the tenth wrong code. The wrong codes that were counted are \
        forgotten.

        Example:
          countersign enrollment unlock 0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f
        """
    package static let inputs = [Enrollment.input]
    package static let event = "enrollment.unlocked"
    package static let statements: [any StatementFamily.Type] = [CallUnlock.self]

    private let id: Identifier

    package init(_ words: ActionWords) throws(UnreadableInput) {
        id = try Enrollment.readID(words)
    }

    package var needsPassword: Bool { true }

    package static func button(on subject: ActionSubject) -> ActionButton? {
        guard case .enrollment(let enrollment) = subject, enrollment.lockedUntil != nil else { return nil }
        return ActionButton(
            "Unlock", "device \(enrollment.deviceID), enrollment \(enrollment.id)",
            ["enrollment": "\(enrollment.id)"], fields: [.password],
            warning: "It was locked because somebody tried ten wrong codes with it.")
    }

    package func run(_ connection: inout Connection) async throws -> String {
        guard try await Enrollment.read(id, &connection) != nil else { throw Enrollment.unknown(id) }
        let isUnlocked = try await connection.run(CallUnlock(enrollment: id)).one()
        return "enrollment \(id) is \(isUnlocked ? "unlocked" : "not locked")"
    }
}

/// Whether it was locked. The function writes the event.
struct CallUnlock: PreparedStatement {
    let enrollment: Identifier

    static let statement = Statement(
        "action.unlock_enrollment", "SELECT countersign.unlock_enrollment($1::uuid) AS is_unlocked")
    var parameters: [Parameter] { [.identifier(enrollment)] }

    static func decode(_ row: inout RowReader) throws -> Bool { try row.bool("is_unlocked") }
}
