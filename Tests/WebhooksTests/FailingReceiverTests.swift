import NIOHTTP1
import Postgres
import Support
import Testing
import Webhooks

/// Receivers that are broken or mean to be.
@Suite(.database) struct FailingReceiverTests {
    private let site = WebhookSite()

    private static let quick: DispatchStage.Limits = {
        var limits = DispatchStage.Limits()
        limits.delivery.total = .milliseconds(500)
        return limits
    }()

    /// The drip sends something every 20 ms, which no timeout between two reads would notice.
    @Test(arguments: [Receiver.Answer.dripping("HTTP/1.1 200 OK\r\n", "x: y\r\n"), .silence])
    func `the limit holds however slow it is`(answer: Receiver.Answer) async throws {
        try await Receiver.run { index, _ in
            index == 0 ? answer : .status(200)
        } _: { receiver in
            let id = try await site.endedRequest(receiver.address)
            try await site.dispatching(Self.quick) { _ in _ = try await site.delivery(id, "delivered") }
            let sql =
                "SELECT error_class, duration_ms FROM countersign.webhook_attempts ORDER BY attempt LIMIT 1"
            var owner = try await Database.current.connect()
            let first = try await owner.execute(sql)[0]
            #expect(try first.text(0) == "timeout")
            let took = try first.text(1)
            let milliseconds = try #require(Int(took))
            #expect(milliseconds >= 490)
        }
    }

    /// Of interim responses without end, or of what NIO counts itself; each would go on until the 10 s are over.
    @Test(arguments: [
        Receiver.Answer.flood("", "HTTP/1.1 100 Continue\r\n\r\n"),
        .flood("", "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"),
        .flood("HTTP/1.1 200 OK\r\n", "x: y\r\n"), .flood("HTTP/1.1 200 OK\r\nx: ", "y"),
    ])
    func `an answer that never comes to its head ends the attempt`(answer: Receiver.Answer) async throws {
        try await Receiver.run { _, _ in
            answer
        } _: { receiver in
            let id = try await site.endedRequest(receiver.address)
            try await site.dispatching { _ in
                let seen = try await site.delivery(id, "pending")
                #expect(seen.error == "connection")
                #expect(answer.isInterim == (seen.detail == "256 KiB came, and no answer among them"))
            }
            #expect(receiver.floodedBytes < Self.floodedAtMost)
        }
    }

    /// What is sent fills the buffers of two sockets before anybody notices: 8 MB here at the most.
    private static let floodedAtMost = 24_000_000

    /// No part of the body comes, or parts of nothing: 100 MB were read in the second that a body may take.
    @Test(arguments: [
        Receiver.Answer.flood("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;", "x"),
        .flood("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n", "x: y\r\n"),
    ])
    func `a body that is all wrapping is not read on`(answer: Receiver.Answer) async throws {
        try await Receiver.run { _, _ in
            answer
        } _: { receiver in
            let id = try await site.endedRequest(receiver.address)
            try await site.dispatching { _ in _ = try await site.delivery(id, "delivered") }
            #expect(receiver.floodedBytes < Self.floodedAtMost)
        }
    }

    /// The head has said it.
    @Test(arguments: [
        Receiver.Answer.drip, .dripping("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n", "x"),
        .dripping("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "1\r\nx\r\n"),
        .raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nno chunk\r\n"),
        .rawThenClose("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab"),
        .rawThenClose("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nshort"),
        .rawThenClose("HTTP/1.1 201 Created\r\n\r\nwithout a length"),
        .rawThenClose("HTTP/1.0 200 OK\r\n\r\n"), .raw("HTTP/1.1 200 OK\r\n\r\nnever closed"),
    ])
    func `a complete head is success whatever ends the body`(answer: Receiver.Answer) async throws {
        try await Receiver.run { _, _ in
            answer
        } _: { receiver in
            let id = try await site.endedRequest(receiver.address)
            try await site.dispatching { _ in
                let seen = try await site.delivery(id, "delivered")
                #expect(seen.attempts == 1 && seen.error == nil)
            }
            #expect(receiver.received.count == 1)
        }
    }

    @Test func `a complete head is a refusal whatever ends the body`() async throws {
        try await Receiver.run { _, _ in
            .rawThenClose("HTTP/1.1 410 Gone\r\ncontent-length: 1000\r\n\r\nshort")
        } _: { receiver in
            let id = try await site.endedRequest(receiver.address)
            try await site.dispatching { _ in
                let seen = try await site.delivery(id, "dead")
                #expect(
                    seen.attempts == 1 && seen.code == 410 && seen.error == "status" && seen.body == "short")
            }
        }
    }

    /// 10 MB would come, 16 KiB are read and 2 KiB kept; the delivery counts.
    @Test func `a huge body is cut off`() async throws {
        try await Receiver.run { _, _ in
            .status(200, body: String(repeating: "0123456789", count: 1_000_000))
        } _: { receiver in
            let id = try await site.endedRequest(receiver.address)
            try await site.dispatching { _ in
                let seen = try await site.delivery(id, "delivered")
                #expect(seen.body?.utf8.count == 2_048 && seen.attempts == 1)
            }
        }
    }

    /// One that shows what it was sent must not put the password into the record.
    @Test func `secrets are stripped from the answer`() async throws {
        try await Receiver.run { _, request in
            .status(
                500, body: "debug: \(request.header("authorization") ?? "") s3cret-word \(request.headers)")
        } _: { receiver in
            let id = try await site.endedRequest(receiver.address, password: "s3cret-word")
            try await site.dispatching { _ in
                let seen = try await site.delivery(id, "pending")
                let body = try #require(seen.body)
                let basic = try #require(receiver.received.first?.header("authorization"))
                #expect(body.contains("debug: [redacted]") && !body.contains(basic.dropFirst(6)))
                #expect(!body.contains("s3cret-word"))
            }
            #expect(!LogCapture.current.text.contains("s3cret-word"))
        }
    }

    @Test(arguments: [
        Receiver.Answer.raw("\u{1}\u{2}garbage\r\n\r\n"), .raw("HTTP/9.9 999 ?\r\n\r\n"), .cut,
        .raw("HTTP/1.1 200 OK\r\ncontent-length: 10\r\ncontent-length: 20\r\n\r\n"),
    ])
    func `what is no answer is tried again`(answer: Receiver.Answer) async throws {
        try await Receiver.run { index, _ in
            index == 0 ? answer : .status(200)
        } _: { receiver in
            let id = try await site.endedRequest(receiver.address)
            try await site.dispatching(Self.quick) { _ in
                let seen = try await site.delivery(id, "delivered")
                #expect(seen.attempts >= 2)
            }
            #expect(Set(receiver.received.map { $0.header("webhook-id") }) == ["\(id)"])
        }
    }

    /// Seconds and a date; what was asked for is waited for, and no attempt is hidden before that.
    @Test(arguments: ["2", "Wed, 21 Oct 2065 07:28:05 GMT"]) func `Retry-After is honoured`(value: String)
        async throws
    {
        try await Receiver.run { index, _ in
            index == 0 ? .status(429, headers: ["retry-after": value]) : .status(200)
        } _: { receiver in
            let id = try await site.endedRequest(receiver.address)
            try await site.dispatching { _ in
                _ = try await site.delivery(id, "pending")
                let wait =
                    "SELECT (date_part('epoch', due_at - clock_timestamp()) * 1000)::integer "
                    + "FROM countersign.dispatch_queue WHERE NOT leased"
                let milliseconds = try await site.count(wait)
                // A date far ahead is bounded by the longest delay, 900 s and a fifth.
                #expect(value == "2" ? milliseconds <= 2_400 : (890_000...1_080_000).contains(milliseconds))
                if value == "2" { _ = try await site.delivery(id, "delivered") }
            }
            #expect(receiver.received.count == (value == "2" ? 2 : 1))
        }
    }

    @Test func `a refused connection is tried again and says so`() async throws {
        var address = ""
        try await Receiver.run { _, _ in
            .status(200)
        } _: {
            address = $0.address
        }
        let id = try await site.endedRequest(address)
        try await site.dispatching { _ in
            let seen = try await site.delivery(id, "pending")
            #expect(seen.error == "connection" && seen.detail == "the connection was refused")
        }
    }
}

extension Receiver.Answer {
    /// Whether what comes is well formed, and no answer all the same.
    fileprivate var isInterim: Bool {
        if case .flood(let head, _) = self { head.isEmpty } else { false }
    }
}
