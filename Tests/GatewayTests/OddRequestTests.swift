import Gateway
import Postgres
import Support
import Testing

/// What is odd in HTTP (RFC 9110, RFC 9112), asked of the gateway's own routes: a list of requests as they are typed.
@Suite(.database) struct OddRequestTests {
    private static let start = "POST /oauth/api/v4/authenticate/user HTTP/1.1\r\nHost: x\r\n"
    private static let form = "Content-Type: application/x-www-form-urlencoded\r\n"

    @Test func `no Host, or two, and chunks that are none`() async throws {
        let site = try await GatewaySite.make()
        let signed =
            "\(Self.start)Authorization: \(site.basic)\r\n\(Self.form)Transfer-Encoding: chunked\r\n\r\n"
        let bare = "\(Self.start)Transfer-Encoding: chunked\r\n\r\n"
        let chunks = [
            "\r\nabc\r\n0\r\n\r\n", "-1\r\nabc\r\n0\r\n\r\n", "0x3\r\nabc\r\n0\r\n\r\n",
            "10000000000000000\r\nabc\r\n0\r\n\r\n", "3 \r\nabc\r\n0\r\n\r\n", "3\nabc\n0\n\n",
            "3\r\nabcdef\r\n0\r\n\r\n",
        ]
        let hosts = [
            "GET /openapi.json HTTP/1.1\r\n\r\n", "GET /openapi.json HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        ]
        try await withGateway(site) { http in
            for text in hosts + chunks.map({ signed + $0 }) {
                #expect(try await http.send(text).status == 400, "\(text)")
            }
            // Without credentials nobody reads the body: it may be refused for either.
            for text in chunks {
                let status = try await http.send(bare + text).status
                #expect([400, 415].contains(status), "\(text)")
            }
            #expect(try await http.send(request("GET", "/openapi.json")).status == 200)
        }
    }

    @Test func `who waits for 100 gets it, and then the answer`() async throws {
        let site = try await GatewaySite.make()
        let head = """
            POST /oauth/api/v4/authenticate/transaction/\(Identifier.random())/confirm HTTP/1.1\r
            Host: x\r
            Authorization: \(site.basic)\r
            Content-Type: application/x-www-form-urlencoded\r
            Content-Length: 7\r
            Expect: 100-continue\r
            \r

            """
        try await withGateway(site) { http in
            try await http.connected { connection in
                try await connection.send(head)
                #expect(try await connection.text(until: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
                try await connection.send("code=12")
                #expect(try await connection.text(until: "}").contains("HTTP/1.1 404 "))
            }
        }
    }

    @Test func `HEAD of the description is GET without its body`() async throws {
        try await withGateway(try await GatewaySite.make()) { http in
            let whole = try await http.send(request("GET", "/openapi.json"))
            let head = try await http.connected { connection in
                try await connection.send(request("HEAD", "/openapi.json", ["Connection": "close"]))
                return RawHTTP.Answer(text: try await connection.rest())
            }
            #expect(head.status == 200 && head.body == "")
            #expect(head.header("content-length") == whole.header("content-length"))
        }
    }
}
