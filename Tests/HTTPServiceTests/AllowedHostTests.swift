import HTTPService
import Support
import Testing

@Suite struct AllowedHostTests {
    /// The way of DNS rebinding: a page of evil.example that asks evil.example:9090, which leads here by now.
    @Test(arguments: [
        ("127.0.0.1:9090", 200), ("localhost", 200), ("LOCALHOST:1", 200), ("[::1]:9090", 200),
        ("10.0.0.7", 200),
        ("worker-1.internal:9090", 200), ("evil.example:9090", 421), ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example", 421), ("[evil.example]", 421),
    ])
    func `a name that is none of the server's is refused`(host: String, status: Int) async throws {
        let listen = ListenAddress(host: "127.0.0.1", port: 0)
        try await withServer([.ok], { $0.hosts = AllowedHosts(listen, more: ["Worker-1.internal"]) }) {
            http in
            let answer = try await http.send("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n")
            #expect(answer.status == status)
            #expect((answer.status == 200) == (answer.body == "ok\n"))
        }
    }
}
