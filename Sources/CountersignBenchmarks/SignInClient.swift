import Countersign
import Postgres

/// A visitor after the other: a portal inserts a request and waits for the code, an app accepts with it and waits
/// for the answer.
struct SignInClient: LoadClient, ~Copyable {
    private var portal: Connection
    private var app: Connection
    private let visit: Visit
    private let enrollment: String

    static func connect(_ index: Int, _ bench: Bench) async throws -> SignInClient {
        let portal = try await bench.database.connect(as: bench.installation.portal(ofClient: index).login)
        var app = try await bench.database.connect(as: bench.installation.app)
        let insertion = InsertEnrollment(user: "user-\(index)", device: Identifier.random().description)
        let enrollment = try await app.run(insertion).one()
        while try await app.run(IsEnrollmentPending(enrollment: enrollment)).one() {
            try await Task.sleep(for: .milliseconds(5))
        }
        return SignInClient(
            portal: portal, app: app, visit: Visit(ofClient: index), enrollment: enrollment.description)
    }

    mutating func perform() async throws { try await signIn(["accept"]) }

    /// The same with a scan before.
    mutating func performWithScan() async throws { try await signIn(["scan", "accept"]) }

    private mutating func signIn(_ actions: [String]) async throws {
        let id = try await portal.run(InsertRequest(visit: visit)).one()
        let code = try await portal.run(AwaitCode(request: id)).one()
        for action in actions {
            let submission = try await app.run(
                InsertSubmission(enrollment: enrollment, code: code, action: action)
            ).one()
            let (result, reason) = try await app.run(AwaitAnswer(submission: submission)).one()
            guard result == "accepted" else {
                throw BenchError("\(action) was refused: \(reason ?? "no answer")")
            }
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
    private let enrollment = Identifier.random().description
    private let code = String(repeating: "x", count: 64)

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
            try await app.run(InsertPlainSubmission(enrollment: enrollment))
        case .product:
            try await portal.run(InsertRequest(visit: visit))
            try await app.run(InsertSubmission(enrollment: enrollment, code: code))
        }
    }
}
