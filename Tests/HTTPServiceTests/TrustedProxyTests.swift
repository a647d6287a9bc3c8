import Countersign
import HTTPService
import Testing

@Suite struct TrustedProxyTests {
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
        ("10.0.0.1", ["6.6.6.6, nonsense, 10.0.0.3"], "10.0.0.3"),
        ("10.0.0.1", ["6.6.6.6:1, 203.0.113.7:51008"], "203.0.113.7"),
        ("10.0.0.1", ["[2001:db8::7]:443"], "2001:db8::7"),
    ])
    func `the client is the last one whom no trusted proxy has`(
        peer: String, forwarded: [String], client: String
    ) throws {
        let proxies = TrustedProxies(try AddressRange.list("10.0.0.0/8, 2001:db8:1::/48"))
        let peer = try #require(IPAddress(peer))
        #expect(proxies.client(peer: peer, forwarded: forwarded)?.description == client)
        #expect(TrustedProxies.none.client(peer: peer, forwarded: forwarded) == peer.unmapped)
    }
}
