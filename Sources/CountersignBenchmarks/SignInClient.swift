import Countersign
import Postgres

/// A visitor after the other: a portal inserts a request and waits for the code, an app accepts with it and waits
/// for the answer.
struct SignInClient: LoadClient, ~Copyable {
    private var portal: Connection
    private var app: Connection
    private let visit: [Parameter]
    private let enrollment: String

    static func connect(_ index: Int, _ bench: Bench) async throws -> SignInClient {
        let portal = try await bench.database.connect(as: bench.installation.portal(ofClient: index).login)
        var app = try await bench.database.connect(as: bench.installation.app)
        let visit: [Parameter] = ["203.0.113.\(index)", "session-\(index)-0123456789abcdef"].map { .text($0) }
        let user: [Parameter] = [.text("user-\(index)"), .text(Identifier.random().description)]
        let enrollment = try await app.run(Self.enroll, user)[0].identifier(0).description
        while try await app.run(Self.isPending, [.text(enrollment)])[0].bool(0) {
            try await Task.sleep(for: .milliseconds(5))
        }
        return SignInClient(portal: portal, app: app, visit: visit, enrollment: enrollment)
    }

    mutating func perform() async throws {
        let id = try await portal.run(SQL.insertRequest, visit)[0].identifier(0)
        let code = try await portal.run(Self.awaitCode, [.identifier(id)])[0].text(0)
        let submission = try await app.run(SQL.submit, [.text(enrollment), .text(code)])[0].identifier(0)
        let answer = try await app.run(Self.awaitAnswer, [.identifier(submission)])[0]
        guard try answer.text(0) == "accepted" else {
            throw BenchError("a sign-in was refused: \(try answer.optionalText(1) ?? "no answer")")
        }
    }

    /// The same with a scan before.
    mutating func performWithScan() async throws {
        let id = try await portal.run(SQL.insertRequest, visit)[0].identifier(0)
        let code = try await portal.run(Self.awaitCode, [.identifier(id)])[0].text(0)
        for action in ["scan", "accept"] {
            let submission = try await app.run(
                Self.submitAction, [.text(enrollment), .text(code), .text(action)])[0].identifier(0)
            let answer = try await app.run(Self.awaitAnswer, [.identifier(submission)])[0]
            guard try answer.text(0) == "accepted" else { throw BenchError("a \(action) was refused") }
        }
    }

    static let submitAction = Statement(
        "submit action",
        """
        INSERT INTO countersign.submissions (enrollment_id, otp, action) VALUES ($1, $2, $3)
        RETURNING submission_id
        """)
    static let enroll = Statement(
        "enroll",
        "INSERT INTO countersign.enrollments (user_id, device_id) VALUES ($1, $2) RETURNING enrollment_id")
    static let isPending = Statement(
        "is pending",
        "SELECT status = 'pending' FROM countersign.enrollment_results WHERE enrollment_id = $1::uuid")
    static let awaitCode = Statement("await code", "SELECT countersign.await_otp($1, '10 s')")
    static let awaitAnswer = Statement(
        "await answer", "SELECT result, reason FROM countersign.await_submission($1, '10 s')")
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
    private let request: Step
    private let submission: Step

    static func connect(_ index: Int, _ tables: Tables, _ bench: Bench) async throws -> BareSignInClient {
        let site = bench.installation.portal(ofClient: index)
        let portal = try await bench.database.connect(as: site.login)
        let app = try await bench.database.connect(as: bench.installation.app)
        let visit = ["203.0.113.\(index)", "session-\(index)-0123456789abcdef"].map { Parameter.text($0) }
        let enrollment = Parameter.text(Identifier.random().description)
        let code = Parameter.text(String(repeating: "x", count: 64))
        switch tables {
        case .plain:
            return BareSignInClient(
                portal: portal, app: app, request: Step(SQL.insertPlainRequest, visit + [.int32(site.id)]),
                submission: Step(SQL.insertPlainSubmission, [enrollment]))
        case .product:
            return BareSignInClient(
                portal: portal, app: app, request: Step(SQL.insertRequest, visit),
                submission: Step(SQL.submit, [enrollment, code]))
        }
    }

    mutating func perform() async throws {
        try await portal.run(request.statement, request.parameters)
        try await app.run(submission.statement, submission.parameters)
    }
}
