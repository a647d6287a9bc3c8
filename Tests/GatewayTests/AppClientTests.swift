import CountersignApp
import CountersignURLSession
import Foundation
import Gateway
import Support
import Synchronization
import Testing

/// The library for apps, against a real server.
@Suite(.database) struct AppClientTests {
    private func withClient(
        transport: any Transport = URLSessionTransport(),
        _ body: @escaping @Sendable (Client, GatewaySite, RawHTTP) async throws -> Void
    ) async throws {
        let site = try await GatewaySite.make()
        let issuer = try TokenIssuer()
        try await withSite(site, { $0.tokens = issuer.rules(app: site.app) }) { http in
            let token = try issuer.token()
            let server = try #require(URL(string: "http://127.0.0.1:\(http.port)"))
            try await body(Client(server, transport: transport) { token }, site, http)
        }
    }

    private func makeKey() -> CountersignApp.DeviceKey {
        CountersignApp.DeviceKey(
            signer: P256Signer(), decrypter: Curve25519Decrypter(), created: Date(timeIntervalSinceNow: -1))
    }

    @Test func `enroll, scan and accept`() async throws {
        try await withClient { client, site, http in
            let key = makeKey()
            let enrollment = try await client.enroll(key, userID: "alice", deviceID: "phone")
            let (id, otp) = try await startSignIn(site, http)
            let code = try CountersignApp.Code(otp)
            let prompt = try await client.scan(code, enrollment, key)
            #expect(prompt.lines == ["ACME", "Sign in"])
            try await client.accept(code, prompt, enrollment, key)
            let result = try await signInResult(site, http, id, wait: 20)
            #expect(result["is_authenticated"] as? Bool == true && result["user_id"] as? String == "alice")
            await #expect(throws: AppError.invalidCode) {
                try await client.deny(code, prompt, enrollment, key)
            }
        }
    }

    @Test func `what is refused says what to offer`() async throws {
        try await withClient { client, site, http in
            let key = makeKey()
            let enrollment = try await client.enroll(key, userID: "alice", deviceID: "phone")
            let code = try CountersignApp.Code(try await startSignIn(site, http).otp)
            _ = try await client.scan(code, enrollment, key)
            await #expect(throws: AppError.wrongPrompt) {
                try await client.accept(code, Prompt("Another portal"), enrollment, key)
            }
            await #expect(throws: AppError.invalidSignature) {
                try await client.deny(code, nil, enrollment, makeKey())
            }
            try await client.revoke(enrollment.id)
            await #expect(throws: AppError.notEnrolled(reason: "enrollment_revoked")) {
                try await client.deny(code, nil, enrollment, key)
            }
            #expect(AppError.notEnrolled(reason: "enrollment_revoked").advice == .enrollAgain)
        }
    }

    @Test func `an older device lets a further one answer, or revokes it`() async throws {
        try await withClient { client, site, http in
            try await Database.current.arrange("UPDATE countersign.apps SET enrollment_hold = 3600")
            let (oldKey, newKey) = (makeKey(), makeKey())
            let old = try await client.enroll(oldKey, userID: "alice", deviceID: "phone")
            let new = try await client.enroll(newKey, userID: "alice", deviceID: "tablet", deviceName: "Red")
            let devices = try await client.devices()
            #expect(devices.map(\.deviceID) == ["tablet", "phone"] && devices.map(\.id) == [new.id, old.id])
            let held = try #require(devices.first)
            #expect(held.name == "Red" && held.status == "active" && devices[1].confirmation == nil)
            // By the server's clock, which is this machine's.
            let wait = try #require(held.heldUntil).timeIntervalSince(held.createdAt)
            #expect((3590...3610).contains(wait))
            #expect(abs(held.createdAt.timeIntervalSinceNow) < 600)

            let code = try CountersignApp.Code(try await startSignIn(site, http).otp)
            await #expect { try await client.scan(code, new, newKey) } throws: {
                if case AppError.held = $0 { true } else { false }
            }
            try await client.confirm(try #require(held.confirmation), old, oldKey)
            #expect(try await client.devices().allSatisfy { $0.confirmation == nil && $0.heldUntil == nil })
            _ = try await client.scan(code, new, newKey)
            try await client.revoke(held.id)
            #expect(try await client.devices().first?.status == "revoked")
        }
    }

    @Test func `answers that are lost are asked for again, and count once`() async throws {
        let transport = LosingTransport()
        try await withClient(transport: transport) { client, site, http in
            let key = makeKey()
            let enrollment = try await client.enroll(key, userID: "alice", deviceID: "phone")
            let (id, otp) = try await startSignIn(site, http)
            let code = try CountersignApp.Code(otp)
            transport.lose(1)
            let prompt = try await client.scan(code, enrollment, key)
            transport.lose(2)
            try await client.accept(code, prompt, enrollment, key)
            #expect(try await signInResult(site, http, id, wait: 20)["is_authenticated"] as? Bool == true)
            transport.lose(3)
            await #expect(throws: AppError.self) { try await client.revoke(enrollment.id) }
        }
    }
}

/// Sends everything, and loses answers on their way back.
private final class LosingTransport: Transport {
    private let real = URLSessionTransport()
    private let losses = Mutex(0)

    func lose(_ count: Int) { losses.withLock { $0 = count } }

    func send(_ request: TransportRequest) async throws -> TransportAnswer {
        let answer = try await real.send(request)
        let isLost = losses.withLock { count in
            defer { count = max(0, count - 1) }
            return count > 0
        }
        if isLost { throw URLError(.networkConnectionLost) }
        return answer
    }
}
