import Countersign
import Postgres
import Resolver
import Support
import Testing
import Webhooks

/// Receivers whose name server says nothing, and those who share a worker with them.
@Suite(.database) struct SilentNameServerTests {
    private let site = WebhookSite()

    /// 300 names of one portal, more than can be looked up at once: with eight threads for getaddrinfo, 16 held up
    /// everybody for 45 s and more.
    @Test func `names that nobody answers for hold up nobody else`() async throws {
        try await NameServer.run { name in
            name.hasPrefix("silent") ? .silence : .address([127, 0, 0, 1])
        } _: { names in
            try await Receiver.run { _, _ in
                .status(204)
            } _: { receiver in
                let (one, another) = (try await site.addPortal("one"), try await site.addPortal("another"))
                for number in 0..<300 {
                    let url = "http://silent\(number).example:\(receiver.port)/"
                    try await site.addCallback(url, of: one)
                    try await site.end(at: url, of: one)
                }
                var limits = DispatchStage.Limits()
                limits.nameServers = names.address
                limits.lookups.life = .seconds(120)
                try await site.dispatching(limits) { _ in
                    try await names.wait(for: limits.lookups.ofOne)
                    let url = "http://under_score.example:\(receiver.port)/cb"
                    try await site.addCallback(url, of: another)
                    let ids = try await site.end(20, at: url, of: another)
                    for id in ids { _ = try await site.delivery(id, "delivered") }
                }
                #expect(receiver.received.count == 20)
                #expect(
                    receiver.received.allSatisfy {
                        $0.header("host") == "under_score.example:\(receiver.port)"
                    })
                // One question for each kind of address: what was found is kept.
                #expect(names.asked.count { $0 == "under_score.example" } <= 4)
            }
        }
    }

    /// The attempt ends and is tried again; nothing is final.
    @Test func `a silent name server is a failed attempt`() async throws {
        try await NameServer.run { _ in
            .silence
        } _: { names in
            let id = try await site.endedRequest("https://receiver.example/cb")
            var limits = DispatchStage.Limits()
            limits.nameServers = names.address
            limits.lookups.life = .milliseconds(200)
            try await site.dispatching(limits) { _ in
                let seen = try await site.delivery(id, "pending")
                #expect(seen.error == "dns" && seen.detail?.contains("receiver.example") == true)
            }
        }
    }

    /// 16 receivers of one portal that take the connection and say nothing, eight deliveries each.
    @Test func `receivers that hang hold up nobody else`() async throws {
        try await Receiver.run(host: "0.0.0.0") { _, request in
            request.path == "/hang" ? .silence : .status(204)
        } _: { receiver in
            let (one, another) = (try await site.addPortal("one"), try await site.addPortal("another"))
            for number in 1...16 {
                let url = "http://127.0.1.\(number):\(receiver.port)/hang"
                try await site.addCallback(url, of: one)
                try await site.end(8, at: url, of: one)
            }
            var limits = DispatchStage.Limits()
            (limits.total, limits.drain) = (64, .milliseconds(100))
            limits.delivery.total = .seconds(120)
            try await site.dispatching(limits) { _ in
                try await receiver.wait(for: 32)  // half of the places
                let url = "\(receiver.address)/cb"
                try await site.addCallback(url, of: another)
                for id in try await site.end(20, at: url, of: another) {
                    _ = try await site.delivery(id, "delivered")
                }
                #expect(receiver.received.count { $0.path == "/hang" } == 32)
            }
        }
    }
}
