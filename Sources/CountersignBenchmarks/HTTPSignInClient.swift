import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// What clients over HTTP say: starts of a portal, and a phone that scans and accepts.
struct HTTPVisitor: Sendable {
    private let base: String
    private let portal: String
    private let token: String
    private let visit: String

    init(_ index: Int, _ gateway: GatewayProcess) throws {
        base = "http://127.0.0.1:\(gateway.port)"
        portal = gateway.portals[index % gateway.portals.count]
        token = "Bearer \(try gateway.token("http-user-\(index)"))"
        let callback = Installation.callback.replacing(":", with: "%3A").replacing("/", with: "%2F")
        visit =
            "type=\(Installation.authType)&callback_uri=\(callback)&ip_address=203.0.113.\(index)"
            + "&reference=session-\(index)-0123456789abcdef"
    }

    /// Has the server check the portal's secret, which takes long once and never again.
    func knock() async throws {
        var request = HTTPClientRequest(url: "\(base)/oauth/api/v4/authenticate/user/nobody/enabled")
        request.headers = ["authorization": portal]
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(20))
        _ = try await response.body.collect(upTo: 65_536)
        guard response.status == .ok else { throw BenchError("a portal is refused: \(response.status.code)") }
    }

    /// The code.
    func start() async throws -> String {
        struct Started: Decodable { let otp: String }
        return try await send(
            "/oauth/api/v4/authenticate/user", portal, "application/x-www-form-urlencoded", visit,
            as: Started.self
        ).otp
    }

    /// The enrollment's id.
    func enroll() async throws -> String {
        struct Enrolled: Decodable { let enrollment_id: String }
        return try await send(
            "/app/v1/enrollments", token, "application/json", #"{"device_id":"bench"}"#, as: Enrolled.self
        ).enrollment_id
    }

    func answer(_ enrollment: String, _ code: String, _ action: String) async throws {
        struct Outcome: Decodable { let result: String }
        let body = #"{"enrollment_id":"\#(enrollment)","otp":"\#(code)","action":"\#(action)"}"#
        _ = try await send("/app/v1/submissions", token, "application/json", body, as: Outcome.self)
    }

    private func send<T: Decodable>(
        _ path: String, _ authorization: String, _ type: String, _ body: String, as: T.Type
    ) async throws -> T {
        var request = HTTPClientRequest(url: base + path)
        request.method = .POST
        request.headers = ["authorization": authorization, "content-type": type]
        request.body = .bytes(ByteBuffer(string: body))
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(20))
        let answer = try await response.body.collect(upTo: 65_536)
        guard (200...201).contains(response.status.code) else {
            throw BenchError("\(path) answers \(response.status.code): \(String(buffer: answer))")
        }
        return try JSONDecoder().decode(T.self, from: Data(answer.readableBytesView))
    }
}

/// A start after the other, each with its code.
struct HTTPStartClient: LoadClient, ~Copyable {
    let visitor: HTTPVisitor

    mutating func perform() async throws { _ = try await visitor.start() }
}

/// A visitor after the other: start, scan, accept.
struct HTTPSignInClient: LoadClient, ~Copyable {
    private let visitor: HTTPVisitor
    private let enrollment: String

    static func connect(_ index: Int, _ gateway: GatewayProcess) async throws -> HTTPSignInClient {
        let visitor = try HTTPVisitor(index, gateway)
        return HTTPSignInClient(visitor: visitor, enrollment: try await visitor.enroll())
    }

    mutating func perform() async throws {
        let code = try await visitor.start()
        try await visitor.answer(enrollment, code, "scan")
        try await visitor.answer(enrollment, code, "accept")
    }
}

/// Begins a sign-in every so often, whether the one before was slow or not, and keeps how long each took.
struct PacedClient: LoadClient, ~Copyable {
    private var client: HTTPSignInClient
    private var next: ContinuousClock.Instant
    private let pause: Duration
    private let record: @Sendable (Duration) -> Void

    init(
        _ client: consuming HTTPSignInClient, every pause: Duration,
        _ record: @escaping @Sendable (Duration) -> Void
    ) {
        self.client = client
        self.pause = pause
        self.record = record
        next = .now + pause * Double.random(in: 0...1)
    }

    mutating func perform() async throws {
        try await Task.sleep(until: next, tolerance: .zero, clock: .continuous)
        try await client.perform()
        record(next.duration(to: .now))
        next += pause
    }
}
