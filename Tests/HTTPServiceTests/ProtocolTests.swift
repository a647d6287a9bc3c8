import Foundation
import HTTPService
import Support
import Testing

/// What RFC 9110 and RFC 9112 ask of a server.
@Suite struct ProtocolTests {
    private static let start =
        "POST /form HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"

    @Test(arguments: [
        "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", "GET / HTTP/1.1\r\nHost: x/y\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
    ])
    func `no Host, two, or none that is sound`(text: String) async throws {
        try await withServer([.ok]) { http in
            let answer = try await http.send(text)
            #expect(answer.status == 400)
        }
    }

    @Test func `a client of HTTP 1.0 needs no Host`() async throws {
        try await withServer([.ok]) { http in
            let answer = try await http.send("GET / HTTP/1.0\r\n\r\n")
            #expect(answer.status == 200)
        }
    }

    @Test(arguments: [
        "\r\nabc\r\n0\r\n\r\n", "-1\r\nabc\r\n0\r\n\r\n", "0x3\r\nabc\r\n0\r\n\r\n",
        "10000000000000000\r\nabc\r\n0\r\n\r\n", "3 \r\nabc\r\n0\r\n\r\n", "3\nabc\n0\n\n",
        "3\r\nabcdef\r\n0\r\n\r\n",
    ])
    func `broken chunks`(chunks: String) async throws {
        try await withServer([.form]) { http in
            let answer = try await http.send(Self.start + "Transfer-Encoding: chunked\r\n\r\n" + chunks)
            #expect(answer.status == 400)
            #expect(try await http.send(request("GET", "/form")).status == 405)
        }
    }

    @Test func `who waits for 100 gets it before the answer`() async throws {
        try await withServer([.form]) { http in
            try await http.connected { connection in
                try await connection.send(Self.start + "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n")
                #expect(try await connection.text(until: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
                try await connection.send("a=b")
                #expect(try await connection.text(until: "1\n").contains("HTTP/1.1 200 OK\r\n"))
            }
        }
    }

    @Test(arguments: ["GET / HTTP/1.1", "CONNECT x:443 HTTP/1.1"])
    func `who offers another protocol is answered in this one, and told that the connection closes`(
        line: String
    ) async throws {
        try await withServer([.ok]) { http in
            let text = try await http.connected { connection in
                try await connection.send(request("GET", "/"))
                try await connection.send(
                    "\(line)\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                        + "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n")
                return try await connection.rest()
            }
            let answers = text.components(separatedBy: "HTTP/1.1 ")
            #expect(answers.count == 3 && answers[1].hasPrefix("200"), "\(text)")
            #expect(answers.last?.lowercased().contains("connection: close\r\n") == true, "\(text)")
            #expect(!answers[1].lowercased().contains("connection: close"))
        }
    }

    @Test func `HEAD is GET without its body`() async throws {
        try await withServer([.ok]) { http in
            let answer = try await http.connected { connection in
                try await connection.send(request("HEAD", "/", ["Connection": "close"]))
                return RawHTTP.Answer(text: try await connection.rest())
            }
            #expect(answer.status == 200 && answer.header("content-length") == "3" && answer.body == "")
        }
    }

    @Test(arguments: [
        ("a=b&c=d", 200), ("a=%C3%A9", 200), ("a=%E9", 400), ("note=%E9", 200), ("a=b&a=c", 400),
        ("a=%zz", 400),
        ("a=b&\u{0301}c=d", 200),
    ])
    func `forms`(body: String, status: Int) async throws {
        try await withServer([.form]) { http in
            let headers = ["Content-Type": "application/x-www-form-urlencoded; charset=utf-8"]
            let answer = try await http.send(request("POST", "/form", headers, body: body))
            #expect(answer.status == status)
            if body.utf8.contains(UInt8(ascii: "&")), status == 200 { #expect(answer.body == "2\n") }
        }
    }
}
