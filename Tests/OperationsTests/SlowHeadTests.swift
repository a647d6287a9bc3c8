import HTTPService
import Operations
import Support
import Testing

/// The operations address has the same deadlines as the gateway.
@Suite(.database) struct SlowHeadTests {
    @Test func `an endless head is ended`() async throws {
        try await withOperations(configure: { $0.http.limits.headTimeout = .milliseconds(300) }) { browser in
            let port = try #require(Int(browser.base.split(separator: ":").last ?? ""))
            let answer = try await RawHTTP(port: port).send("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Endless: ")
            #expect(answer.status == 408)
        }
    }

    @Test func `a name that is not the server's is refused, for metrics and for the console`() async throws {
        try await withOperations { browser in
            for path in ["/metrics", "/healthz", "/console/login"] {
                let answer = try await browser.get(path, headers: [("host", "evil.example:9090")])
                #expect(answer.status == 421 && !answer.body.contains("countersign_"))
                #expect(try await browser.get(path).status == 200)
            }
        }
    }

    @Test func `HEAD of a probe`() async throws {
        try await withOperations { browser in
            for path in ["/healthz", "/readyz", "/metrics"] {
                let answer = try await browser.head(path)
                #expect(answer.status == 200 && answer.body == "")
            }
        }
    }
}
