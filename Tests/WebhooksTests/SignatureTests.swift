import Foundation
import Postgres
import Support
import Testing
import Webhooks

@Suite struct SignatureTests {
    /// The vector of the Standard Webhooks JavaScript test suite.
    @Test func `a signature matches the fixed vector`() throws {
        let secret = try #require(Data(base64Encoded: "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
        let signature = try WebhookSigner(secrets: [Array(secret)]).signature(
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek", seconds: 1_614_265_330,
            body: Array(#"{"test": 2432232314}"#.utf8))
        #expect(signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    }

    /// An empty secret would let anybody forge (CVE-2026-41432 of another product).
    @Test(arguments: [0, 23, 65]) func `weak secrets sign nothing`(length: Int) {
        #expect(throws: WebhookSigner.WeakSecret.self) {
            try WebhookSigner(secrets: [[UInt8](repeating: 1, count: length)])
        }
        #expect(throws: WebhookSigner.WeakSecret.self) { try WebhookSigner(secrets: []) }
    }

    @Test func `the body is thin`() throws {
        let id = Identifier.random()
        let message = WebhookMessage(
            transactionID: id, status: "denied", callbackURI: "https://acme.example/cb?a=\"b\"",
            occurredAt: Timestamp(microseconds: 1_700_000_000_000_000))
        let body = try #require(JSONSerialization.jsonObject(with: Data(message.body)) as? [String: Any])
        #expect(Set(body.keys) == ["callback_uri", "transaction_id", "type", "timestamp", "data"])
        #expect(body["callback_uri"] as? String == "https://acme.example/cb?a=\"b\"")
        #expect(body["type"] as? String == "mobile_authentication.completed")
        #expect((body["timestamp"] as? String)?.hasPrefix("2023-11-14T22:13:20") == true)
        #expect(body["data"] as? [String: String] == ["transaction_id": id.description, "status": "denied"])
    }

    @Test func `the body says when it was somebody else`() throws {
        let id = Identifier.random()
        let message = WebhookMessage(
            transactionID: id, status: "denied", denyReason: "not_me", callbackURI: "https://acme.example/cb",
            occurredAt: .now())
        let body = try #require(JSONSerialization.jsonObject(with: Data(message.body)) as? [String: Any])
        #expect(
            body["data"] as? [String: String]
                == ["transaction_id": id.description, "status": "denied", "reason": "not_me"])
    }

    @Test(
        arguments: [
            ("3", 3), ("0", 0), ("-1", 0), ("Wed, 21 Oct 2015 07:28:05 GMT", 5), ("soon", nil),
            ("Wednesday, 21-Oct-15 07:28:05 GMT", 5), ("Wed Oct 21 07:28:05 2015", 5), ("", nil), (nil, nil),
            ("Wed, 21 Oct 2015 07:27:00 GMT", 0),
        ] as [(String?, Int?)])
    func `Retry-After is read in all its forms`(value: String?, seconds: Int?) {
        let now = Timestamp(microseconds: 1_445_412_480_000_000)  // Wed, 21 Oct 2015 07:28:00 GMT
        #expect(RetryAfter.seconds(value, now: now) == seconds)
    }

    /// Seconds until then are more than an integer counts.
    @Test func `a year that is far away stops nobody`() {
        let seconds = RetryAfter.seconds("Wed, 21 Oct 99999999999999999 07:28:05 GMT", now: .now())
        #expect((seconds ?? 0) <= 1_000_000_000)
    }

    @Test func `schedule follows the life of a sign in`() throws {
        for (index, seconds) in [1, 3, 10, 30, 60, 120, 300, 900].enumerated() {
            let delay = try #require(RetrySchedule.delay(afterAttempt: index + 1, retryAfter: nil))
            #expect(delay >= .seconds(seconds) && delay <= .seconds(seconds) * 1.2)
        }
        #expect(RetrySchedule.delay(afterAttempt: 9, retryAfter: nil) == nil)
        let asked = try #require(RetrySchedule.delay(afterAttempt: 1, retryAfter: 20))
        #expect(asked >= .seconds(20))
        let bounded = try #require(RetrySchedule.delay(afterAttempt: 1, retryAfter: 99_999))
        #expect(bounded <= .seconds(900) * 1.2)
    }
}
