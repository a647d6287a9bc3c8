import Countersign
import OpenPGP
import Postgres

/// What a visitor's phone does.
enum PhoneSteps: Sendable {
    case accept
    case scanAndAccept
    /// The same, signed by a key of the device.
    case signed

    var actions: [SubmissionAction] { self == .accept ? [.accept] : [.scan, .accept] }

    func makeSigner() throws -> Device.Signer? { self == .signed ? try Device.Signer() : nil }
}

extension Device {
    /// The one of a client, whose worker has looked at it.
    static func enroll(_ steps: PhoneSteps, ofClient index: Int, _ app: inout Connection) async throws
        -> Device
    {
        let signer = try steps.makeSigner()
        let insertion = InsertEnrollment(
            user: "user-\(index)", device: Identifier.random().description, publicKey: signer?.keys.publicKey)
        let enrollment = try await app.run(insertion).one()
        while try await app.run(IsEnrollmentPending(enrollment: enrollment)).one() {
            try await Task.sleep(for: .milliseconds(5))
        }
        return Device(enrollment: enrollment, signer: signer)
    }
}

/// A visitor after the other: a portal inserts a request and waits for the code, an app answers with it and waits
/// for what comes of it.
struct SignInClient: LoadClient, ~Copyable {
    private var portal: Connection
    private var app: Connection
    private let visit: Visit
    private let device: Device
    private let steps: PhoneSteps

    static func connect(
        _ index: Int, _ steps: PhoneSteps, _ bench: Bench, browser: String? = nil
    ) async throws -> SignInClient {
        let portal = try await bench.database.connect(as: bench.installation.portal(ofClient: index).login)
        var app = try await bench.database.connect(as: bench.installation.app)
        let device = try await Device.enroll(steps, ofClient: index, &app)
        var visit = Visit(ofClient: index)
        visit.browser = browser
        return SignInClient(
            portal: portal, app: app, visit: visit, device: device, steps: steps)
    }

    mutating func perform() async throws {
        let id = try await portal.run(InsertRequest(visit: visit)).one()
        let code = try await portal.run(AwaitCode(request: id)).one()
        var prompt: String?
        for action in steps.actions {
            let submission = try device.submission(action, code, prompt: prompt)
            let inserted = try await app.run(InsertSubmission(submission: submission)).one()
            let answer = try await app.run(AwaitAnswer(submission: inserted)).one()
            guard answer.result == "accepted" else {
                throw BenchError("\(action) was refused: \(answer.reason ?? "no answer")")
            }
            prompt = answer.prompt
        }
    }
}

/// The inserts of a sign-in by a bare client, with nobody who answers.
struct BareSignInClient: LoadClient, ~Copyable {
    enum Tables: Sendable {
        /// Tables of no more than columns.
        case plain
        /// The product's own, with all that its inserts do.
        case product
    }

    private var portal: Connection
    private var app: Connection
    private let tables: Tables
    private let portalID: Int32
    private let visit: Visit
    private let submission = Submission(
        enrollment: Identifier.random().description, code: String(repeating: "x", count: 64), action: .accept)

    static func connect(_ index: Int, _ tables: Tables, _ bench: Bench) async throws -> BareSignInClient {
        let site = bench.installation.portal(ofClient: index)
        return BareSignInClient(
            portal: try await bench.database.connect(as: site.login),
            app: try await bench.database.connect(as: bench.installation.app), tables: tables,
            portalID: site.id, visit: Visit(ofClient: index))
    }

    mutating func perform() async throws {
        switch tables {
        case .plain:
            try await portal.run(InsertPlainRequest(visit: visit, portalID: portalID))
            try await app.run(InsertPlainSubmission(enrollment: submission.enrollment))
        case .product:
            try await portal.run(InsertRequest(visit: visit))
            try await app.run(InsertSubmission(submission: submission))
        }
    }
}
