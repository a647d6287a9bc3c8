import Countersign
import Engine
import Foundation
import Gateway
import Postgres
import Support
import Testing

/// The requests that a portal of OneWelcome Access sends, byte for byte, and what it reads in the answers.
@Suite(.database) struct AccessCompatibilityTests {
    private let form = "application/x-www-form-urlencoded"

    private func start(_ site: GatewaySite) -> String {
        let body =
            "type=otp&callback_uri=https%3A%2F%2Fwww.myportal.com%2Fcallback&message=Please%20authenticate%20for%20mine.acme.com"
            + "&ip_address=127.0.0.1&user_agent=Mozilla/5.0%20%28Macintosh%3B%20Intel%20Mac%20OS%20X%20x.y%3B%20rv%3A42.0%29"
        return "POST /oauth/api/v4/authenticate/user HTTP/1.1\r\nHost: onegini.example.com\r\n"
            + "Authorization: \(site.basic)\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    private func expectHeaders(_ answer: RawHTTP.Answer) {
        #expect(answer.header("Content-Type") == "application/json;charset=UTF-8")
        #expect(answer.header("Cache-Control") == "no-cache, no-store, must-revalidate")
        #expect(answer.header("Pragma") == "no-cache")
    }

    @Test func `wrong credentials`() async throws {
        let site = try await GatewaySite.make()
        try await withGateway(site) { http in
            let body = "callback_uri=https%3A%2F%2Fwww.myportal.com%2Fcallback&message=Please&type=otp"
            let answer = try await http.send(
                "POST /oauth/api/v4/authenticate/user HTTP/1.1\r\nHost: onegini.example.com\r\n"
                    + "Authorization: Basic aW52YWxpZDppbnZhbGlk\r\n"
                    + "Content-Type: application/x-www-form-urlencoded\r\n"
                    + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
            #expect(answer.status == 401)
            #expect(try answer.json()["error"] as? String == "invalid_client")
            #expect(try answer.json()["error_description"] as? String != nil)
            #expect(answer.header("WWW-Authenticate")?.hasPrefix("Basic ") == true)
            expectHeaders(answer)
        }
    }

    @Test func `a sign-in from the start to the result`() async throws {
        let site = try await GatewaySite.make()
        try await withSite(site) { http in
            let started = try await http.send(start(site))
            #expect(started.status == 200)
            expectHeaders(started)
            let json = try started.json()
            let id = try #require(json["transaction_id"] as? String)
            let otp = try #require(json["otp"] as? String)
            #expect(json["auth_method"] as? String == "otp")
            #expect(json["time_to_live"] as? Int == 180_000)
            #expect(otp.wholeMatch(of: /[A-Za-z0-9_-]{64}/) != nil)
            #expect(Set(json.keys) == ["transaction_id", "auth_method", "time_to_live", "otp"])

            let fetch =
                "GET /oauth/api/v4/authenticate/transaction/\(id) HTTP/1.1\r\nHost: onegini.example.com\r\n"
                + "Authorization: \(site.basic)\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n"
            let open = try await http.send(fetch).json()
            #expect(open["is_authenticated"] as? Bool == false)
            #expect(open["status"] as? String == "issued")

            try await answerByApp(site, otp, .accept)
            let answer = try await http.send(fetch)
            expectHeaders(answer)
            let result = try answer.json()
            #expect(result["callback_uri"] as? String == GatewaySite.callback)
            #expect(result["transaction_id"] as? String == id)
            #expect(result["user_id"] as? String == "alice")
            #expect(result["is_authenticated"] as? Bool == true)
            #expect(result["authentication_method"] as? String == "otp")
            #expect(result["signature_verified"] as? Bool == true)
            #expect(result["not_authenticated_reason"] == nil)
            let sent = try #require(result["timestamp"] as? Double)
            #expect(abs(sent / 1000 - Date().timeIntervalSince1970) < 60)
            let expires = try #require(result["expires_at"] as? Double)
            #expect(expires - sent == 180_000)
        }
    }

    @Test func `a user who declines`() async throws {
        let site = try await GatewaySite.make()
        try await withSite(site) { http in
            let json = try await http.send(start(site)).json()
            let id = try #require(json["transaction_id"] as? String)
            try await answerByApp(site, try #require(json["otp"] as? String), .deny)
            let result = try await http.send(
                request("GET", "/oauth/api/v4/authenticate/transaction/\(id)", ["Authorization": site.basic])
            ).json()
            #expect(result["is_authenticated"] as? Bool == false)
            #expect(result["user_id"] as? String == "alice")
            let reason = try #require(result["not_authenticated_reason"] as? [String: String])
            #expect(reason["reason"] == "not_accepted" && reason["description"] != nil)
        }
    }

    @Test func `which types a user can sign in with`() async throws {
        let site = try await GatewaySite.make()
        try await withSite(site) { http in
            var app = try await site.connectAsApp()
            _ = try await SQLPhone.enroll("al/ice ü", on: "phone 1", &app)
            func enabled(_ path: String) async throws -> RawHTTP.Answer {
                try await http.send(
                    "GET /oauth/api/v4/authenticate/user/\(path)/enabled HTTP/1.1\r\n"
                        + "Host: onegini.example.com\r\nAuthorization: \(site.basic)\r\n\r\n")
            }
            let user = try await enabled("al%2Fice%20%C3%BC")
            expectHeaders(user)
            let types = try #require(try user.json()["enabled"] as? [[String: String]])
            #expect(types == [["type": "bare", "method": "OTP"], ["type": "otp", "method": "OTP"]])
            let device = try await enabled("al%2Fice%20%C3%BC/device/phone%201").json()
            #expect(device["enabled"] as? [String] == ["bare", "otp"])
            for unknown in ["bob", "al%2Fice%20%C3%BC/device/other"] {
                let answer = try await enabled(unknown)
                #expect(answer.status == 200 && answer.body == #"{"enabled":[]}"#)
            }
            try await Database.current.arrange(
                "UPDATE countersign.settings SET mobile_authentication_enabled = false")
            let off = try await enabled("bob")
            #expect(off.status == 404)
            #expect(try off.json()["error"] as? String == "1000")
        }
    }

    struct Mistake: Sendable {
        let form: String
        let status: Int
        let code: String
    }

    @Test(arguments: [
        Mistake(form: "callback_uri=https%3A%2F%2Fwww.myportal.com%2Fcallback", status: 400, code: "1003"),
        Mistake(form: "type=otp&callback_uri=https%3A%2F%2Fevil.example%2F", status: 400, code: "1003"),
        Mistake(
            form: "type=none&callback_uri=https%3A%2F%2Fwww.myportal.com%2Fcallback", status: 404,
            code: "3005"),
        Mistake(
            form: "type=otp&callback_uri=https%3A%2F%2Fwww.myportal.com%2Fcallback&user_id=alice",
            status: 400,
            code: "1003"),
        Mistake(
            form: "type=otp&callback_uri=https%3A%2F%2Fwww.myportal.com%2Fcallback&message="
                + String(repeating: "m", count: 156), status: 400, code: "1005"),
        Mistake(
            form: "type=bare&callback_uri=https%3A%2F%2Fwww.myportal.com%2Fcallback", status: 404,
            code: "1006"),
        Mistake(form: "type=otp&callback_uri=%zz", status: 400, code: "1003"),
        Mistake(form: "type=otp&type=otp", status: 400, code: "1003"),
        Mistake(
            form: "type=otp&callback_uri=https%3A%2F%2Fwww.myportal.com%2Fcallback&message=a%00b",
            status: 400,
            code: "1003"),
    ])
    func `what is wrong with a start has its code`(mistake: Mistake) async throws {
        let site = try await GatewaySite.make()
        try await withGateway(site) { http in
            let headers = ["Authorization": site.basic, "Content-Type": form]
            let answer = try await http.send(
                request("POST", "/oauth/api/v4/authenticate/user", headers, body: mistake.form))
            #expect(answer.status == mistake.status)
            #expect(try answer.json()["error"] as? String == mistake.code)
            #expect(!answer.body.contains("auth_type"), "a column, and not the parameter")
            expectHeaders(answer)
        }
    }

    /// Who polls needs no webhook.
    @Test func `a start without an address to call back`() async throws {
        let site = try await GatewaySite.make()
        try await withSite(site) { http in
            let headers = ["Authorization": site.basic, "Content-Type": form]
            let started = try await http.send(
                request("POST", "/oauth/api/v4/authenticate/user", headers, body: "type=otp")
            ).json()
            try await answerByApp(site, try #require(started["otp"] as? String), .accept)
            let id = try #require(started["transaction_id"] as? String)
            let path = "/oauth/api/v4/authenticate/transaction/\(id)"
            let result = try await http.send(request("GET", path, headers)).json()
            #expect(result["is_authenticated"] as? Bool == true && result["callback_uri"] == nil)
        }
    }

    @Test func `switches and limits have their codes`() async throws {
        let site = try await GatewaySite.make()
        try await withGateway(site) { http in
            for (sql, status, code) in [
                ("UPDATE countersign.settings SET mobile_authentication_enabled = false", 404, "1000"),
                (
                    "UPDATE countersign.settings SET mobile_authentication_enabled = true, enrollment_enabled = false",
                    404, "1001"
                ),
                (
                    "UPDATE countersign.settings SET enrollment_enabled = true; UPDATE countersign.portals SET over_limit = true",
                    429, "1002"
                ),
            ] {
                try await Database.current.arrange(sql)
                let answer = try await http.send(start(site))
                #expect(answer.status == status)
                #expect(try answer.json()["error"] as? String == code)
                #expect((answer.header("Retry-After") != nil) == (status == 429))
            }
        }
    }

    @Test(arguments: ["01a20bc4-1fe9-73ca-8814-a3ad0895d99a", "nonsense"])
    func `an unknown transaction`(id: String) async throws {
        let site = try await GatewaySite.make()
        try await withGateway(site) { http in
            for method in ["GET", "DELETE"] {
                let answer = try await http.send(
                    request(
                        method, "/oauth/api/v4/authenticate/transaction/\(id)", ["Authorization": site.basic])
                )
                #expect(answer.status == 404)
                #expect(try answer.json()["error"] as? String == "3004")
            }
        }
    }

    @Test func `without a worker a start gives up and leaves nothing open`() async throws {
        let site = try await GatewaySite.make()
        try await withGateway(site) { http in
            let answer = try await http.send(start(site))
            #expect(answer.status == 503)
            #expect(try answer.json()["error"] as? String == "1002")
            var owner = try await Database.current.connect()
            let open = try await owner.execute(
                "SELECT count(*)::integer FROM countersign.auth_requests WHERE open_until IS NOT NULL")
            #expect(try open[0].int(0) == 0)
        }
    }
}
