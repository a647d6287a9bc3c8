import Testing

@testable import HTTPService

@Suite struct ProxyTests {
    @Test(arguments: [
        ("10.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", ["6.6.6.6, 203.0.113.7, 10.9.9.9"], "203.0.113.7"),
        ("10.0.0.1", ["6.6.6.6", "203.0.113.7"], "203.0.113.7"),
        ("203.0.113.7", ["6.6.6.6"], "203.0.113.7"),
        ("::ffff:10.0.0.1", ["2001:db8::7"], "2001:db8::7"),
        ("2001:db8:1::1", ["203.0.113.7"], "203.0.113.7"),
        ("2001:db8:2::1", ["203.0.113.7"], "2001:db8:2::1"),
        ("10.0.0.1", ["nonsense"], "10.0.0.1"), ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["10.0.0.2"], "10.0.0.2"), ("11.0.0.1", ["10.0.0.2"], "11.0.0.1"),
    ])
    func `the client is the last one whom no trusted proxy has`(
        peer: String, forwarded: [String], client: String
    ) throws {
        let proxies = try #require(TrustedProxies("10.0.0.0/8, 2001:db8:1::/48"))
        #expect(proxies.client(peer: peer, forwarded: forwarded) == client)
        #expect(TrustedProxies.none.client(peer: peer, forwarded: forwarded) == peer)
    }

    @Test(arguments: ["10.0.0.0/33", "10.0.0/8", "localhost", "::/129", "10.0.0.0/-1", "10.0.0.0/8/8"])
    func `what is no network`(text: String) {
        #expect(TrustedProxies(text) == nil)
    }
}
