import Countersign
import Crypto
import Foundation
import NIOHTTP1
import Postgres
import Support
import Testing
import Webhooks

/// Deliveries to a real HTTP server.
@Suite(.database) struct DispatchTests {
    private static let secret = Array("0123456789abcdef0123456789abcdef".utf8)
    private let sealer = Sealer(MasterKeys(current: MasterKey(id: 1, key: SymmetricKey(size: .bits256))))

    /// A portal with a callback address, and a request of it that has just been cancelled.
    private func endedRequest(_ url: String, password: String? = nil) async throws -> Identifier {
        var owner = try await Database.current.connect()
        let portal = try await owner.run(
            Statement(
                "portal",
                """
                INSERT INTO countersign.portals (login, name, display_name, signing_secret)
                VALUES ('x', 'acme', 'Acme', '') RETURNING portal_id
                """))[0].int(0)
        let sealed = try sealer.seal(Self.secret, at: SealedColumn.signingSecret.place(portal))
        try await owner.run(
            Statement("seal", "UPDATE countersign.portals SET signing_secret = $1"), [.bytes(sealed)])
        let callback = try await owner.run(
            Statement(
                "callback",
                "INSERT INTO countersign.callback_urls (portal_id, url) VALUES ($1, $2) RETURNING callback_id"
            ),
            [.int32(Int32(portal)), .text(url)])[0].int(0)
        if let password {
            let sealed = try sealer.seal(
                Array(password.utf8), at: SealedColumn.callbackPassword.place(callback))
            try await owner.run(
                Statement("basic", "UPDATE countersign.callback_urls SET username = 'cs', password = $1"),
                [.bytes(sealed)])
        }
        try await owner.execute(
            "INSERT INTO countersign.auth_types (name) VALUES ('qr-code') ON CONFLICT DO NOTHING")
        let id = try await owner.run(
            Statement(
                "request",
                """
                INSERT INTO countersign.auth_requests (portal_id, auth_type, callback_uri, message)
                VALUES ($1, 'qr-code', $2, 'Sign in') RETURNING transaction_id
                """), [.int32(Int32(portal)), .text(url)])[0].identifier(0)
        try await owner.run(
            Statement("end", "SELECT countersign.end_requests(ARRAY[$1::uuid], '{cancelled}')"),
            [.identifier(id)])
        return id
    }

    private func dispatching<T: Sendable>(
        _ limits: DispatchStage.Limits = .init(), _ body: (Worker) async throws -> T
    ) async throws -> T {
        try await withWorker(
            stages: [.dispatch], dispatch: DispatchStage(sealer: sealer, limits: limits), body)
    }

    /// The delivery's row once its status is that one, looked for again after each attempt the worker writes.
    private func delivery(_ id: Identifier, _ status: String) async throws -> Row {
        var owner = try await Database.current.connect()
        let deadline = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < deadline {
            let rows = try await owner.run(
                Statement(
                    "delivery",
                    """
                    SELECT d.status, d.attempts, a.status_code, a.error_class, a.body, pg_sleep(0.02)::text
                    FROM countersign.webhook_deliveries d JOIN countersign.webhook_attempts a USING (transaction_id)
                    WHERE d.transaction_id = $1 AND d.status = $2 ORDER BY a.attempt DESC LIMIT 1
                    """), [.identifier(id), .text(status)])
            if let row = rows.first { return row }
            try await owner.execute("SELECT pg_sleep(0.02)")
        }
        throw TimedOut()
    }
    private struct TimedOut: Error {}

    @Test func signedAndDelivered() async throws {
        try await Receiver.run { _, _ in
            .status(204)
        } _: { receiver in
            let id = try await endedRequest(receiver.address + "/cb", password: "s3cret")
            try await dispatching { _ in
                let row = try await delivery(id, "delivered")
                #expect(try row.int(1) == 1 && row.int(2) == 204)
            }
            let request = try #require(receiver.received.first)
            #expect(receiver.received.count == 1 && request.path == "/cb")
            let headers = request.headers
            #expect(headers.first(name: "webhook-id") == id.description)
            #expect(
                headers.first(name: "authorization") == "Basic "
                    + Data("cs:s3cret".utf8).base64EncodedString())
            let timestamp = try #require(headers.first(name: "webhook-timestamp"))
            let seconds = try #require(Int64(timestamp))
            #expect(
                headers.first(name: "webhook-signature")
                    == WebhookMessage.signature(
                        id: id.description, seconds: seconds, body: request.body, secret: Self.secret))
        }
    }

    @Test(arguments: [301, 400, 404, 410]) func endsAtOnce(code: Int) async throws {
        try await Receiver.run { _, _ in
            .status(code, headers: ["location": "http://127.0.0.1:1/elsewhere"], body: "no")
        } _: { receiver in
            let id = try await endedRequest(receiver.address)
            try await dispatching { _ in
                let row = try await delivery(id, code == 301 ? "pending" : "dead")
                #expect(try row.int(2) == code && row.text(3) == "status" && row.text(4) == "no")
            }
            #expect(receiver.received.count == 1)
        }
    }

    @Test(arguments: [408, 425, 429, 500, 503]) func triesAgainWithTheSameID(code: Int) async throws {
        try await Receiver.run { index, _ in
            index == 0 ? .status(code) : .status(200)
        } _: { receiver in
            let id = try await endedRequest(receiver.address)
            try await dispatching { _ in
                let row = try await delivery(id, "delivered")
                #expect(try row.int(1) == 2)
            }
            #expect(Set(receiver.received.map { $0.headers.first(name: "webhook-id") }) == [id.description])
            #expect(receiver.received.count == 2)
        }
    }

    @Test func aDrippingBodyTimesOut() async throws {
        var limits = DispatchStage.Limits()
        limits.delivery.total = .milliseconds(300)
        try await Receiver.run { index, _ in
            index == 0 ? .drip : .status(200)
        } _: { receiver in
            let id = try await endedRequest(receiver.address)
            try await dispatching(limits) { _ in
                _ = try await delivery(id, "delivered")
            }
            var owner = try await Database.current.connect()
            let failures = try await owner.execute(
                "SELECT error_class FROM countersign.webhook_attempts ORDER BY attempt")
            #expect(try failures[0].text(0) == "timeout")
        }
    }

    @Test func aCutConnectionIsTriedAgain() async throws {
        try await Receiver.run { index, _ in
            index == 0 ? .cut : .status(200)
        } _: { receiver in
            let id = try await endedRequest(receiver.address)
            try await dispatching { _ in
                let row = try await delivery(id, "delivered")
                #expect(try row.int(1) == 2)
            }
        }
    }

    @Test func whatIsInFlightAtTheEndIsGivenBack() async throws {
        var limits = DispatchStage.Limits()
        limits.drain = .milliseconds(100)
        try await Receiver.run { index, _ in
            index == 0 ? .silence : .status(200)
        } _: { receiver in
            let id = try await endedRequest(receiver.address)
            let begun = ContinuousClock.now
            try await dispatching(limits) { _ in await receiver.wait(for: 1) }
            #expect(begun.duration(to: .now) < .seconds(5))
            var owner = try await Database.current.connect()
            let left = try await owner.execute(
                "SELECT leased, due_at <= clock_timestamp(), token FROM countersign.dispatch_queue")
            #expect(left.count == 1)
            #expect(try left[0].text(0) == "f" && left[0].text(1) == "t" && left[0].text(2) == "2")
            try await dispatching { _ in _ = try await delivery(id, "delivered") }
            #expect(receiver.received.count == 2)
        }
    }

    /// Whoever lost his lease can no longer change anything.
    @Test func aStaleTokenChangesNothing() async throws {
        let id = try await endedRequest("http://127.0.0.1:1/cb")
        var owner = try await Database.current.connect()
        let claim: [Parameter] = [
            .int32s([]), .int32s([]), .int32(8), .int32(100), .double(0), .int32(0),
        ]
        let first = try await owner.run(DispatchStatements.claim, claim)[0].int(1)
        let second = try await owner.run(DispatchStatements.claim, claim)[0].int(1)
        #expect(second == first + 1)
        for (token, counts) in [(first, 0), (second, 1)] {
            let written = try await owner.run(
                DispatchStatements.acknowledge,
                [
                    .identifiers([id]), .ints([Int64(token)]), .int32s([1]), .timestamps([.now()]),
                    .int32s([5]),
                    .optionalInt32s([200]), .texts([nil]), .texts([nil]), .texts(["delivered"]),
                    .doubles([0]),
                ])
            #expect(try written[0].int(0) == counts)
        }
    }

    @Test func everyStatementPrepares() async throws {
        var owner = try await Database.current.connect()
        for statement in DispatchStatements.all {
            try await owner.execute("PREPARE checked AS \(statement.sql)")
            try await owner.execute("DEALLOCATE checked")
        }
    }
}
