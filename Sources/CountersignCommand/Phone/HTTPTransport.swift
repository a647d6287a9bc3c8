import AsyncHTTPClient
import CountersignApp
import Foundation
import NIOCore
import NIOHTTP1

/// The API for apps, as `countersign serve` offers it, with an access token of the user.
final class HTTPTransport: PhoneTransport {
    private let client: Client

    /// - Parameter base: as `http://127.0.0.1:8080`.
    init(_ base: URL, token: String) {
        client = Client(base, transport: AsyncHTTPTransport(base: base)) { token }
    }

    func enroll(_ device: PhoneDevice, _ key: DeviceKey) async throws -> Enrollment {
        try await client.enroll(
            key, userID: device.userID, deviceID: device.deviceID, deviceName: device.name,
            platform: "terminal")
    }

    /// Of whose token it is.
    func devices(of user: String) async throws -> [EnrolledDevice] { try await client.devices() }

    func submit(
        _ action: Action, _ code: Code, _ memory: PhoneMemory, prompt: Prompt?, isSomebodyElse: Bool
    ) async throws -> PhoneReply {
        let key = try memory.key
        switch action {
        case .scan: return PhoneReply(prompt: try await client.scan(code, memory.enrollment, key))
        case .accept:
            let address = try await client.accept(code, prompt, memory.enrollment, key)
            return PhoneReply(returnAddress: address?.absoluteString)
        case .deny:
            try await client.deny(
                code, prompt, memory.enrollment, key, isSomebodyElse: isSomebodyElse)
        case .confirm: try await client.confirm(code, memory.enrollment, key)
        }
        return PhoneReply()
    }
}

/// Follows no redirection: code and token are for this address alone.
private struct AsyncHTTPTransport: Transport {
    /// Longer than the server itself waits for a verdict.
    private static let patience = TimeAmount.seconds(20)
    let base: URL

    func send(_ request: TransportRequest) async throws -> TransportAnswer {
        var sent = HTTPClientRequest(url: request.url.absoluteString)
        sent.method = HTTPMethod(rawValue: request.method)
        for (name, value) in request.headers { sent.headers.add(name: name, value: value) }
        if !request.body.isEmpty { sent.body = .bytes(ByteBuffer(bytes: request.body)) }
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.httpVersion = .http1Only
        configuration.timeout.connect = .seconds(5)
        let prepared = sent
        return try await HTTPClient.withHTTPClient(configuration: configuration) { client in
            let response = try await client.execute(prepared, timeout: Self.patience)
            let body = try await response.body.collect(upTo: 262_144)
            let headers = response.headers.map { ($0.name.lowercased(), $0.value) }
            return TransportAnswer(
                status: Int(response.status.code), headers: Dictionary(headers) { first, _ in first },
                body: Data(body.readableBytesView))
        }
    }
}
