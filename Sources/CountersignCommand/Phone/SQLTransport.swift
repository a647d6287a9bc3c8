import Countersign
import Postgres

/// Rows inserted with the app's own login.
final class SQLTransport: PhoneTransport {
    private static let patience = Duration.seconds(10)
    private var connection: Connection

    init(_ options: ConnectionOptions) async throws {
        connection = try await Connection.open(options)
    }

    func enroll(_ device: PhoneDevice, publicKey: String) async throws -> PhoneEnrollment {
        let channel = try await connection.run(ReadChannel()).one()
        guard let channel else { throw Failure(.permission, "this login belongs to no app") }
        try await connection.listen(to: [channel])
        let id = try await connection.run(EnrollPhone(device: device, publicKey: publicKey)).one()
        let deadline = ContinuousClock.now + Self.patience
        while true {
            let enrollment = try await connection.run(ReadEnrollment(id: id)).one()
            guard enrollment.status == "pending" else { return enrollment }
            guard ContinuousClock.now < deadline else { throw Self.nobodyWorks("enroll") }
            _ = try await connection.notifications(until: min(deadline, .now + .seconds(1)))
        }
    }

    func submit(_ submission: PhoneSubmission) async throws -> PhoneAnswer {
        let id = try await connection.run(SubmitAnswer(submission: submission)).one()
        let deadline = ContinuousClock.now + Self.patience
        while true {
            // Which a migration makes return early.
            let answer = try await connection.run(AwaitAnswer(submission: id)).one()
            guard answer.result == "pending" else { return answer }
            guard ContinuousClock.now < deadline else { throw Self.nobodyWorks("validate") }
        }
    }

    private static func nobodyWorks(_ stage: String) -> Failure {
        Failure(
            .temporary, "no answer within 10 s: is there a `countersign work` that runs the stage \(stage)?")
    }
}
