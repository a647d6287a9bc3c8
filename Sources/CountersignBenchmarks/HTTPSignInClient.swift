import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import OpenPGP
import Postgres

/// What clients over HTTP say: starts of a portal, and a phone that scans and accepts.
struct HTTPVisitor: Sendable {
    /// A connection for each client. async-http-client shares 8 among all who ask one server, unless told otherwise: 32
    /// clients did 277 sign-ins a second of 109 ms, of which the server had 24 ms.
    private static let client: HTTPClient = {
        var configuration = HTTPClient.Configuration.singletonConfiguration
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = Scale.clients
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

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
        let response = try await Self.client.execute(request, timeout: .seconds(20))
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

    /// Enrolls a device.
    func enroll(_ signer: Device.Signer?) async throws -> Device {
        struct Draft: Encodable {
            let device_id = "bench"
            let public_key: String?
        }
        struct Enrolled: Decodable { let enrollment_id: String }
        let enrolled = try await send(
            "/app/v1/enrollments", token, Draft(public_key: signer?.keys.publicKey), as: Enrolled.self)
        guard let id = Identifier(enrolled.enrollment_id) else { throw BenchError("an enrollment has no id") }
        return Device(enrollment: id, signer: signer)
    }

    /// The prompt, of a scan.
    func answer(_ submission: Submission) async throws -> String? {
        struct Outcome: Decodable { let prompt: String? }
        return try await send("/app/v1/submissions", token, submission, as: Outcome.self).prompt
    }

    /// Asks what the gateway refuses before it asks the database: HTTP, a token, an answer, and nothing else.
    func beRefused() async throws {
        let (status, answer) = try await send("/app/v1/submissions", token, "application/json", "{")
        guard status == 400 else {
            throw BenchError("no JSON is answered \(status): \(String(buffer: answer))")
        }
    }

    private func send<T: Decodable>(
        _ path: String, _ authorization: String, _ body: some Encodable, as: T.Type
    ) async throws -> T {
        let text = String(decoding: try JSONEncoder().encode(body), as: UTF8.self)
        return try await send(path, authorization, "application/json", text, as: T.self)
    }

    private func send<T: Decodable>(
        _ path: String, _ authorization: String, _ type: String, _ body: String, as: T.Type
    ) async throws -> T {
        let (status, answer) = try await send(path, authorization, type, body)
        guard (200...201).contains(status) else {
            throw BenchError("\(path) answers \(status): \(String(buffer: answer))")
        }
        return try JSONDecoder().decode(T.self, from: Data(answer.readableBytesView))
    }

    private func send(
        _ path: String, _ authorization: String, _ type: String, _ body: String
    ) async throws -> (status: UInt, answer: ByteBuffer) {
        var request = HTTPClientRequest(url: base + path)
        request.method = .POST
        request.headers = ["authorization": authorization, "content-type": type]
        request.body = .bytes(ByteBuffer(string: body))
        let response = try await Self.client.execute(request, timeout: .seconds(20))
        return (response.status.code, try await response.body.collect(upTo: 65_536))
    }
}

/// A start after the other, each with its code.
struct HTTPStartClient: LoadClient, ~Copyable {
    let visitor: HTTPVisitor

    mutating func perform() async throws { _ = try await visitor.start() }
}

/// As many requests as start, scan and accept are, and nothing comes of them.
struct HTTPRefusedClient: LoadClient, ~Copyable {
    let visitor: HTTPVisitor

    mutating func perform() async throws { for _ in 0..<3 { try await visitor.beRefused() } }
}

/// A visitor after the other: start, scan, accept.
struct HTTPSignInClient: LoadClient, ~Copyable {
    private let visitor: HTTPVisitor
    private let device: Device
    private let steps: PhoneSteps

    static func connect(
        _ index: Int, _ steps: PhoneSteps, _ gateway: GatewayProcess
    ) async throws -> HTTPSignInClient {
        let visitor = try HTTPVisitor(index, gateway)
        let device = try await visitor.enroll(try steps.makeSigner())
        return HTTPSignInClient(visitor: visitor, device: device, steps: steps)
    }

    mutating func perform() async throws {
        let code = try await visitor.start()
        var prompt: String?
        for action in steps.actions {
            prompt = try await visitor.answer(try device.submission(action, code, prompt: prompt))
        }
    }
}
