import CountersignApp
import Foundation
import Postgres

/// Rows inserted with the app's own login.
final class SQLTransport: PhoneTransport {
    private static let patience = Duration.seconds(10)
    private var connection: Connection

    init(_ options: ConnectionOptions) async throws {
        connection = try await Connection.open(options)
    }

    func enroll(_ device: PhoneDevice, _ key: DeviceKey) async throws -> Enrollment {
        let channel = try await connection.run(ReadChannel()).one()
        guard let channel else { throw Failure(.permission, "this login belongs to no app") }
        try await connection.listen(to: [channel])
        let certificate = try await key.certificate(name: device.deviceID)
        let id = try await connection.run(EnrollPhone(device: device, publicKey: certificate)).one()
        let deadline = ContinuousClock.now + Self.patience
        while true {
            let outcome = try await connection.run(ReadEnrollment(id: id)).one()
            if let enrollment = try outcome.enrollment(UUID(uuidString: id.description), device) {
                return enrollment
            }
            guard ContinuousClock.now < deadline else { throw Self.nobodyWorks("enroll") }
            _ = try await connection.notifications(until: min(deadline, .now + .seconds(1)))
        }
    }

    func devices(of user: String) async throws -> [EnrolledDevice] {
        try await connection.run(ListOwnDevices(user: user)).all()
    }

    func submit(
        _ action: Action, _ code: Code, _ memory: PhoneMemory, prompt: Prompt?, isSomebodyElse: Bool
    ) async throws -> PhoneReply {
        var submission = try await memory.key.submission(
            action, code, enrollmentID: memory.enrollment.id, at: Date(), prompt: prompt)
        if action == .deny, isSomebodyElse { submission.denyReason = "not_me" }
        let id = try await connection.run(SubmitAnswer(submission: submission)).one()
        let deadline = ContinuousClock.now + Self.patience
        while true {
            // Which a migration makes return early.
            let answer = try await connection.run(AwaitAnswer(submission: id)).one()
            guard answer.result == "pending" else { return try answer.reply(to: action) }
            guard ContinuousClock.now < deadline else { throw Self.nobodyWorks("validate") }
        }
    }

    private static func nobodyWorks(_ stage: String) -> Failure {
        Failure(
            .temporary, "no answer within 10 s: is there a `countersign work` that runs the stage \(stage)?")
    }
}

extension PhoneEnrollment {
    /// Nil while it is pending; fails where it is refused.
    fileprivate func enrollment(_ id: UUID?, _ device: PhoneDevice) throws -> Enrollment? {
        switch status {
        case "pending": return nil
        case "active":
            guard let id else { throw Failure(.internal, "an enrollment has no id") }
            return Enrollment(
                id: id, userID: device.userID, deviceID: device.deviceID,
                serverPublicKey: serverPublicKey)
        default: throw Failure(.data, "the enrollment is \(status): \(reason ?? "no reason")")
        }
    }
}

extension PhoneAnswer {
    /// Fails unless it was accepted.
    fileprivate func reply(to action: Action) throws -> PhoneReply {
        guard result == "accepted" else {
            throw Failure(.data, "\(action.rawValue) was rejected: \(reason ?? "no reason")")
        }
        return PhoneReply(prompt: prompt.map { Prompt($0) }, returnAddress: returnAddress)
    }
}
