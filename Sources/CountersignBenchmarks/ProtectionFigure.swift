import Countersign
import OpenPGP
import Postgres

/// Whole sign-ins of a type with all that makes them hard to phish, against those of a type with none of it.
struct ProtectionFigure: Figure {
    func measure(_ bench: Bench) async throws -> [ReportRow] {
        var ours: [LoadResult] = []
        var reference: [LoadResult] = []
        for _ in 0..<bench.scale.rounds + 1 {
            reference.append(try await signIn(bench, isProtected: false))
            ours.append(try await signIn(bench, isProtected: true))
        }
        return [
            ReportRow(
                figure: "protections",
                title:
                    "signed scan and answer with number, rotating code, known browser, network and redeem; without",
                unit: .perSecond, ours: ours.rates, reference: reference.rates, target: .atLeast(1 / 1.3),
                cpu: ours.cpuEach, notes: ["without: \(reference.cpuEach.summary)"])
        ]
    }

    private func signIn(_ bench: Bench, isProtected: Bool) async throws -> LoadResult {
        try await bench.load { try await VisitorClient.connect($0, isProtected: isProtected, bench) }
    }
}

/// A visitor after the other, until the portal knows who it is. A protected one's portal shows the code of the moment,
/// tells the worker's number and takes the result; any other reads it.
private struct VisitorClient: LoadClient, ~Copyable {
    private var portal: Connection
    private var app: Connection
    private let visit: Visit
    private let device: Device
    private let isProtected: Bool

    static func connect(_ index: Int, isProtected: Bool, _ bench: Bench) async throws -> VisitorClient {
        let portal = try await bench.database.connect(as: bench.installation.portal(ofClient: index).login)
        var app = try await bench.database.connect(as: bench.installation.app)
        let device = try await Device.enroll(.signed, ofClient: index, &app)
        return VisitorClient(
            portal: portal, app: app, visit: Visit(ofClient: index), device: device, isProtected: isProtected)
    }

    mutating func perform() async throws {
        let id =
            try await isProtected
            ? portal.run(InsertProtectedRequest(visit: visit)).one()
            : portal.run(InsertRequest(visit: visit)).one()
        let collected = try await portal.run(AwaitCode(request: id)).one()
        let code = isProtected ? try await portal.run(ShowCode(seed: collected)).one() : collected
        let prompt = try await answer(.scan, code, prompt: nil)
        if isProtected {
            guard let number = prompt?.firstMatch(of: /Confirmation number: ([0-9]{2})/)?.output.1 else {
                throw BenchError("the prompt has no number")
            }
            try await portal.run(Confirm(request: id, number: String(number)))
        }
        _ = try await answer(.accept, code, prompt: prompt)
        let isAuthenticated =
            try await isProtected
            ? portal.run(Redeem(request: id)).one() : portal.run(ReadResult(request: id)).one()
        guard isAuthenticated else { throw BenchError("nobody has signed in") }
    }

    private mutating func answer(_ action: SubmissionAction, _ code: String, prompt: String?) async throws
        -> String?
    {
        let submission = try device.submission(action, code, prompt: prompt)
        let address = isProtected ? visit.address : nil
        let inserted = try await app.run(InsertSubmission(submission: submission, address: address)).one()
        let answer = try await app.run(AwaitAnswer(submission: inserted)).one()
        guard answer.result == "accepted" else {
            throw BenchError("\(action) was refused: \(answer.reason ?? "no answer")")
        }
        return answer.prompt
    }
}

struct InsertProtectedRequest: PreparedStatement {
    let visit: Visit

    static let statement = Statement(
        "protected request",
        """
        INSERT INTO countersign.auth_requests (auth_type, callback_uri, ip_address, reference, browser_id)
        VALUES ('\(Installation.protectedType)', '\(Installation.callback)', $1, $2, $2)
        RETURNING transaction_id, expires_at
        """)
    var parameters: [Parameter] { visit.parameters }

    static func decode(_ row: inout RowReader) throws -> Identifier { try InsertRequest.decode(&row) }
}

/// The code of the moment.
struct ShowCode: PreparedStatement {
    let seed: String

    static let statement = Statement("show code", "SELECT otp FROM countersign.rotated_otp($1)")
    var parameters: [Parameter] { [.text(seed)] }

    static func decode(_ row: inout RowReader) throws -> String { try row.text("otp") }
}

struct Confirm: PreparedStatement {
    let request: Identifier
    let number: String

    static let statement = Statement(
        "confirm", "SELECT status FROM countersign.confirm_code($1, $2)")
    var parameters: [Parameter] { [.identifier(request), .text(number)] }

    static func decode(_ row: inout RowReader) throws -> String { try row.text("status") }
}

struct Redeem: PreparedStatement {
    let request: Identifier

    static let statement = Statement("redeem", "SELECT is_authenticated FROM countersign.redeem($1)")
    var parameters: [Parameter] { [.identifier(request)] }

    static func decode(_ row: inout RowReader) throws -> Bool { try row.bool("is_authenticated") }
}

struct ReadResult: PreparedStatement {
    let request: Identifier

    static let statement = Statement(
        "read result", "SELECT is_authenticated FROM countersign.auth_results WHERE transaction_id = $1")
    var parameters: [Parameter] { [.identifier(request)] }

    static func decode(_ row: inout RowReader) throws -> Bool { try row.bool("is_authenticated") }
}
