import Countersign
import Foundation
import Gateway
import Logging
import Postgres
import Support
import Testing

/// What can be followed in the log: one request by its id, one sign-in by its transaction.
@Suite(.database) struct RequestLogTests {
    private static let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    /// Lines of the log that hold all of these.
    private func lines(_ parts: String...) -> [String] {
        LogCapture.current.lines.filter { line in parts.allSatisfy { line.contains($0) } }
    }

    @Test func `a sign-in can be followed by its transaction`() async throws {
        let site = try await GatewaySite.make()
        let issuer = try TokenIssuer()
        try await withSite(site) {
            $0.tokens = issuer.rules(app: site.app)
        } _: { http in
            let phone = try HTTPPhone(http: http, token: try issuer.token("walter"))
            let enrollment = try await phone.enrolled()
            let form = "type=otp&callback_uri=\(GatewaySite.callback.replacing(":", with: "%3A"))"
            let started = try await http.send(
                request(
                    "POST", "/oauth/api/v4/authenticate/user",
                    [
                        "Authorization": site.basic, "Content-Type": "application/x-www-form-urlencoded",
                        "X-Request-Id": "visit-7", "traceparent": Self.trace,
                    ], body: form))
            #expect(started.status == 200 && started.header("X-Request-Id") == "visit-7")
            let transaction = try #require(try started.json()["transaction_id"] as? String)
            let otp = try #require(try started.json()["otp"] as? String)
            #expect(try await phone.submit(enrollment, otp, .accept).status == 200)
            #expect(try await phone.submit(enrollment, otp, .deny).status == 400)
            #expect(try await signInResult(site, http, transaction)["user_id"] as? String == "walter")
            _ = try await http.send(
                request(
                    "DELETE", "/oauth/api/v4/authenticate/transaction/\(transaction)",
                    ["Authorization": site.basic]))

            let id = "transaction_id=\(transaction)"
            let start = lines(
                "info gateway: request finished", id, "method=POST", "route=/oauth/api/v4/authenticate/user")
            #expect(start.count == 1)
            for part in [
                "request_id=visit-7", "portal=acme", "status=200", " ms=", "span_id=00f067aa0ba902b7",
                "trace_id=4bf92f3577b34da6a3ce929d0e0e4736",
            ] { #expect(start.first?.contains(part) == true, "\(part)") }
            let route = "route=/oauth/api/v4/authenticate/transaction/{transaction_id}"
            #expect(lines("request finished", id, "method=GET", route, "portal=acme").count == 1)
            #expect(lines("request finished", id, "method=DELETE", route, "status=204").count == 1)
            let answers = lines("request finished", id, "route=/app/v1/submissions", "app=acme-app")
            #expect(answers.count == 2 && answers.allSatisfy { $0.contains("submission_id=") })
            #expect(answers.allSatisfy { $0.contains("enrollment_id=\(enrollment)") })
            #expect(answers.last?.contains("error=invalid_code") == true)
            #expect(lines("debug worker: batch done", id, "stage=issue", "rows=1", "worker=").count == 1)
            // Said when the app has its answer already.
            try await eventually("both are said") {
                lines("debug worker: batch done", id, "stage=validate").count == 2
            }
            #expect(lines("walter") == [])
        }
    }

    /// Also those of the connection, which has a thread of its own.
    @Test func `lines of deeper layers have the request's id`() async throws {
        let site = try await GatewaySite.make()
        try await Database.current.arrange(
            """
            CREATE FUNCTION public.say() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN RAISE WARNING 'a row comes'; RETURN NEW; END $$;
            CREATE TRIGGER a_say BEFORE INSERT ON countersign.auth_requests
                FOR EACH ROW EXECUTE FUNCTION public.say();
            ALTER TABLE countersign.issue_queue ADD CONSTRAINT nothing CHECK (false)
            """)
        try await withGateway(site) { http in
            let answer = try await http.send(
                request(
                    "POST", "/oauth/api/v4/authenticate/user",
                    [
                        "Authorization": site.basic, "Content-Type": "application/x-www-form-urlencoded",
                        "X-Request-Id": "r1",
                    ], body: "type=otp&callback_uri=\(GatewaySite.callback)"))
            #expect(answer.status == 503)
            #expect(
                lines("notice of the server", "notice=a row comes", "severity=WARNING", "request_id=r1").count
                    == 1)
            #expect(
                lines("error gateway: request failed", "[23514]", "request_id=r1", "portal=acme").count == 1)
            #expect(
                lines("request finished", "error=temporarily_unavailable", "status=503", "request_id=r1")
                    .count == 1)
        }
    }

    @Test func `an id is made where none, or none that is fit, was given`() async throws {
        let site = try await GatewaySite.make()
        try await withGateway(site) { http in
            let long = String(repeating: "a", count: 129)
            for given in [nil, "", long, "a b", "a\"b", "ä", "a;b"] {
                let headers = given.map { ["X-Request-Id": $0] } ?? [:]
                let answer = try await http.send(request("GET", "/openapi.json", headers))
                let id = try #require(answer.header("X-Request-Id"))
                #expect(Identifier(id) != nil, "\(id)")
                #expect(
                    lines("request finished", "request_id=\(id)", "route=/openapi.json", "status=200").count
                        == 1)
            }
            for given in ["a", String(long.dropLast()), "A-z_0.9~+/="] {
                let answer = try await http.send(request("GET", "/openapi.json", ["X-Request-Id": given]))
                #expect(answer.header("X-Request-Id") == given)
            }
        }
    }

    /// What is asked for in vain is logged, too, and nothing of what the client wrote.
    @Test func `paths that are none are not repeated`() async throws {
        let site = try await GatewaySite.make()
        try await withGateway(site) { http in
            for (method, path, status) in [
                ("GET", "/secret/walter", 404), ("GET", "/%zz", 404), ("PUT", "/openapi.json", 405),
                ("PATCH", "/openapi.json?walter", 405),
            ] {
                let answer = try await http.send(request(method, path))
                #expect(answer.status == status && answer.header("X-Request-Id") != nil)
            }
            #expect(lines("info gateway: request finished").count == 4)
            #expect(lines("route=- status=404", "error=not_found").count == 2)
            #expect(lines("route=/openapi.json status=405").count == 2)
            #expect(lines("alter") == [] && lines("secret") == [])
        }
    }

    /// Server-sent events are written long after their head.
    @Test func `a stream's line comes at its end, and what happens in it has its id`() async throws {
        let site = try await GatewaySite.make()
        try await withSite(site) {
            $0.demo = DemoConfiguration(portal: site.portal, type: "otp", callback: GatewaySite.callback)
        } _: { http in
            let page = try await http.send(request("POST", "/demo/sign-ins", ["Content-Length": "0"]))
            let id = try #require(try page.json()["transaction_id"] as? String)
            let token = try #require(try page.json()["browser_token"] as? String)
            try await http.connected { connection in
                try await connection.send(
                    request(
                        "GET", "/browser/v1/sign-ins/\(id)/events",
                        ["X-Request-Id": "stream", "Authorization": "Bearer \(token)"]))
                _ = try await connection.text(until: "issued")
                #expect(lines("request finished", "request_id=stream") == [])
                try await Database.current.arrange(
                    "SELECT countersign.end_requests(array_agg(transaction_id), ARRAY['failed']) FROM countersign.auth_requests"
                )
                _ = try await connection.text(until: "failed")
            }
            try await eventually("its line") {
                lines(
                    "request finished", "request_id=stream",
                    "route=/browser/v1/sign-ins/{transaction_id}/events",
                    "transaction_id=",
                    "portal=acme"
                ).count == 1
            }
        }
    }
}
