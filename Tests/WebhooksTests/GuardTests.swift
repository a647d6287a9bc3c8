import Countersign
import NIOHTTP1
import Postgres
import Support
import Testing
import Webhooks

/// The address guard on real deliveries. That nothing reached the receiver is part of each.
@Suite(.database) struct GuardTests {
    private let site = WebhookSite()

    /// Dead at once, with one attempt that says why, and no connection.
    private func expectRefused(
        _ url: String, _ reason: String, policy: AddressPolicy, _ receiver: Receiver,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let id = try await site.endedRequest(url)
        try await site.dispatching(policy: policy) { _ in
            let seen = try await site.delivery(id, "dead")
            #expect(seen.error == "address" && seen.attempts == 1, sourceLocation: sourceLocation)
            #expect(
                seen.detail?.contains(reason) == true, "\(seen.detail ?? "")", sourceLocation: sourceLocation)
        }
        #expect(receiver.connections == 0, sourceLocation: sourceLocation)
    }

    @Test(arguments: [
        (
            "https://127.0.0.1:%/",
            "127.0.0.1 is in a forbidden range, 127.0.0.0/8 (loopback); the workers' option --allow-address opens it"
        ),
        ("https://localhost:%/", "is in a forbidden range"), ("https://[::1]:%/", "::/8"),
        ("https://[::ffff:127.0.0.1]:%/", "::/8"),
        ("http://127.0.0.1:%/", "only https is allowed; the workers' option --allow-http opens it"),
        ("http://localhost:%/", "only https is allowed"), ("https://2130706433:%/", "plain spelling"),
        ("https://0x7f.1:%/", "plain spelling"), ("https://127.1:%/", "plain spelling"),
    ])
    func `loopback is refused`(form: String, reason: String) async throws {
        try await Receiver.run { _, _ in
            .status(200)
        } _: { receiver in
            let url = form.replacing("%", with: "\(receiver.port)")
            try await expectRefused(url, reason, policy: AddressPolicy(ports: [1...65_535]), receiver)
        }
    }

    @Test func `other ports are refused`() async throws {
        try await Receiver.run { _, _ in
            .status(200)
        } _: { receiver in
            var policy = AddressPolicy.loopback
            policy.ports = [443...443]
            try await expectRefused(
                receiver.address,
                "port \(receiver.port) is not allowed; the workers' option --allow-ports opens it",
                policy: policy, receiver)
        }
    }

    @Test(arguments: [301, 302, 303, 307, 308]) func `redirects are not followed`(code: Int) async throws {
        try await Receiver.run { _, _ in
            .status(200)
        } _: { target in
            for location in ["http://169.254.169.254/latest/meta-data/", target.address + "/elsewhere"] {
                try await Receiver.run { _, _ in
                    .status(code, headers: ["location": location])
                } _: { receiver in
                    let portal = try await site.addPortal("p\(receiver.port)")
                    try await site.addCallback(receiver.address, of: portal)
                    let id = try await site.end(at: receiver.address, of: portal)[0]
                    try await site.dispatching { _ in
                        let seen = try await site.delivery(id, "pending")
                        #expect(seen.code == code && seen.error == "status")
                    }
                }
            }
            #expect(target.connections == 0)
        }
    }

    /// The list is looked at when a delivery is sent, not only when the request was made.
    @Test func `an address that was removed is not called`() async throws {
        try await Receiver.run { _, _ in
            .status(200)
        } _: { receiver in
            let id = try await site.endedRequest(receiver.address)
            var owner = try await Database.current.connect()
            try await owner.execute("DELETE FROM countersign.callback_urls")
            try await site.dispatching { _ in
                let seen = try await site.delivery(id, "dead")
                #expect(
                    seen.error == "address" && seen.detail?.contains("no longer one of the portal's") == true)
            }
            #expect(receiver.connections == 0)
            try await owner.execute("UPDATE countersign.settings SET callback_allowlist_enabled = false")
            let portal = try await site.addPortal("other")
            let next = try await site.end(at: receiver.address, of: portal)[0]
            try await site.dispatching { _ in _ = try await site.delivery(next, "delivered") }
        }
    }

    /// A name that does not resolve may do so later; only a refusal is final.
    @Test func `a name without address is tried again`() async throws {
        let id = try await site.endedRequest("https://receiver.invalid/cb")  // RFC 6761 section 6.4
        try await site.dispatching { _ in
            let seen = try await site.delivery(id, "pending")
            #expect(seen.error == "dns" && seen.detail?.contains("receiver.invalid") == true)
        }
    }
}
