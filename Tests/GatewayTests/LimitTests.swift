import Foundation
import Gateway
import HTTPService
import Postgres
import Support
import Testing

/// What careless and hostile clients get.
@Suite(.database) struct LimitTests {
    private let path = "/oauth/api/v4/authenticate/user"
    private let form = ["Content-Type": "application/x-www-form-urlencoded"]

    @Test func `a head that comes too slowly is refused`() async throws {
        let site = try await GatewaySite.make()
        try await withGateway(site, { $0.http.limits.headTimeout = .seconds(1) }) { http in
            for text in ["", "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "] {
                let answer = try await http.send(text)
                #expect(answer.status == 408 && answer.header("connection") == "close")
            }
        }
    }

    @Test func `a body that comes too slowly is refused`() async throws {
        let site = try await GatewaySite.make()
        try await withGateway(site, { $0.http.limits.bodyTimeout = .milliseconds(300) }) { http in
            let head =
                "POST \(path) HTTP/1.1\r\nHost: x\r\nAuthorization: \(site.basic)\r\n"
                + "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\ntype="
            let answer = try await http.send(head)
            #expect(answer.status == 408)
        }
    }

    @Test func `a connection that is idle between two requests is closed without a word`() async throws {
        let site = try await GatewaySite.make()
        try await withGateway(site, { $0.http.limits.idleTimeout = .seconds(2) }) { http in
            try await http.connected { connection in
                try await connection.send(request("GET", "/openapi.json"))
                #expect(try await connection.answer().status == 200)
                #expect(try await connection.rest() == "")
            }
        }
    }

    @Test func `a body that is too long is refused, whether it says so or not`() async throws {
        let site = try await GatewaySite.make()
        try await withGateway(site, { $0.http.limits.bodyBytes = 2_000 }) { http in
            let headers = form.merging(["Authorization": site.basic]) { $1 }
            let long = String(repeating: "m", count: 3_000)
            let said = try await http.send(request("POST", path, headers, body: long))
            #expect(said.status == 413)
            let chunked = request("POST", path, headers.merging(["Transfer-Encoding": "chunked"]) { $1 })
            #expect(try await http.send(chunked + "BB8\r\n\(long)\r\n0\r\n\r\n").status == 413)
        }
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\nHost: x\r\nX-Long: \(String(repeating: "x", count: 40_000))\r\n\r\n",
        "nonsense\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    ])
    func `what is no proper request is refused`(text: String) async throws {
        let site = try await GatewaySite.make()
        try await withGateway(site) { http in
            let (bad, good) = (
                try await http.send(text), try await http.send(request("GET", "/openapi.json"))
            )
            #expect(bad.status == 400 && good.status == 200)
        }
    }

    @Test func `paths and methods that there are not`() async throws {
        let site = try await GatewaySite.make()
        try await withGateway(site) { http in
            for path in ["/", "/nothing", "/oauth/api/v4/authenticate/user//enabled", "/%zz", "/demo"] {
                #expect(try await http.send(request("GET", path)).status == 404, "\(path)")
            }
            for method in ["PUT", "PATCH", "TRACE", "OPTIONS", "PROPFIND"] {
                let answer = try await http.send(request(method, "/openapi.json"))
                #expect(answer.status == 405 && answer.header("Allow") == "GET, HEAD")
            }
            let answer = try await http.send(
                request(
                    "POST", path, ["Authorization": site.basic, "Content-Type": "text/plain"], body: "a=b"))
            #expect(answer.status == 415)
        }
    }

    @Test func `further connections wait for a free one`() async throws {
        let site = try await GatewaySite.make()
        try await withGateway(site) {
            $0.http.limits.connections = 2
            $0.http.limits.connectionsPerAddress = 2
            $0.http.limits.patience = .seconds(3_600)
        } _: { http in
            let (held, released) = (Signal(), Signal())
            let holders = (0..<2).map { _ in
                Task {
                    try await http.connected { connection in
                        try await connection.send(request("GET", "/openapi.json"))
                        _ = try await connection.answer()
                        held.fire()
                        try await released.wait()
                    }
                }
            }
            try await held.wait(for: 2)
            let third = Task { try await http.send(request("GET", "/openapi.json")).status }
            released.fire()
            #expect(try await third.value == 200)
            for holder in holders { try await holder.value }
        }
    }

    @Test func `a database that is away is 503, and what comes back is used again`() async throws {
        let site = try await GatewaySite.make()
        try await withGateway(site) { http in
            let get = request(
                "GET", "/oauth/api/v4/authenticate/user/bob/enabled", ["Authorization": site.basic])
            #expect(try await http.send(get).status == 200)
            let name = site.gateway.name
            var superuser = try await Database.current.connectAsSuperuser()
            try await superuser.execute("ALTER ROLE \(quotedIdentifier(name)) NOLOGIN")
            try await superuser.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = '\(name)'")
            try await eventually("it is away") { try await http.send(get).status == 503 }
            try await superuser.execute("ALTER ROLE \(quotedIdentifier(name)) LOGIN")
            try await eventually("it is back") { try await http.send(get).status == 200 }
        }
    }
}
