import HTTPService
import Testing

@Suite struct ListenAddressTests {
    @Test(arguments: [
        ("127.0.0.1:9090", "127.0.0.1", 9090), ("[::1]:0", "::1", 0),
        ("localhost:65535", "localhost", 65_535),
    ])
    func `a host and a port`(text: String, host: String, port: Int) throws {
        let address = try #require(ListenAddress(text))
        #expect(address.host == host && address.port == port && address.description == text)
    }

    @Test(arguments: [
        "", "9090", ":9090", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:+1", "127.0.0.1:-1",
        "::1:80",
        "[::1:80", "::1]:80", "[]:80", "127.0.0.1:80 ", "127.0.0.1:\u{0661}",
    ])
    func `what is neither`(text: String) {
        #expect(ListenAddress(text) == nil)
    }
}
