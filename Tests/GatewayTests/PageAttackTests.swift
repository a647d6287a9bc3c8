import Administration
import Countersign
import Foundation
import Gateway
import HTTPService
import Postgres
import Support
import Synchronization
import Testing

@testable import Gateway

/// What a browser token is not good for, and who may not disturb others with it.
@Suite(.database) struct PageAttackTests {
    @Test func `a token is good for its own request and nothing else`() async throws {
        try await PageSite.run { site in
            let (page, other) = (try await site.start(), try await site.start())
            let stranger = try await GatewaySite.make("other")
            try await PageSite.allow("https://other.example", of: "other")
            let foreign = try await startJSON(stranger, site.http)
            let unknown = Identifier.random().description
            var answers: [RawHTTP.Answer] = []
            for (id, token) in [
                (page.id, other.token), (page.id, foreign["browser_token"] as? String ?? ""),
                (foreign["transaction_id"] as? String ?? "", page.token), (unknown, page.token),
                (page.id, BrowserToken().text), (page.id, "x"), (page.id, String(page.token.dropLast())),
                (page.id, page.otp),
            ] {
                for path in ["", "/events"] { answers.append(try await site.ask(id, token, path)) }
                for path in ["/cancel", "/confirm"] {
                    answers.append(
                        try await site.post(.init(id: id, otp: "", token: token), path, "&code=12"))
                }
            }
            // Nobody learns which of it was wrong.
            #expect(answers.allSatisfy { $0.status == 401 })
            #expect(Set(answers.map(\.body)).count == 1)
            #expect(answers[0].body.contains("invalid_token"))
            #expect(try await site.ask(page).json()["status"] as? String == "issued")
            try await tryAsPortal(site, page)
        }
    }

    /// With the token in each place that the portal's secret may have.
    private func tryAsPortal(_ site: PageSite, _ page: PageSite.Page) async throws {
        let path = "/oauth/api/v4/authenticate/transaction/\(page.id)"
        let basics = ["\(page.id):\(page.token)", "\(site.site.credential.clientID):\(page.token)"]
        for header in ["Bearer \(page.token)"] + basics.map({ "Basic \(base64($0))" }) {
            for (method, path) in [
                ("GET", path), ("DELETE", path), ("POST", "\(path)/redeem"), ("POST", "\(path)/otp"),
                ("POST", "\(path)/confirm"), ("GET", "/app/v1/enrollments"), ("POST", "/app/v1/submissions"),
            ] {
                let headers = [
                    "Authorization": header, "Content-Type": "application/x-www-form-urlencoded",
                ]
                let answer = try await site.http.send(request(method, path, headers, body: "code=12"))
                #expect(answer.status == 401, "\(method) \(path)")
            }
        }
    }

    @Test func `pages of other origins are refused, and nobody is asked for cookies`() async throws {
        try await PageSite.run { site in
            let page = try await site.start()
            _ = try await GatewaySite.make("other")
            try await PageSite.allow("https://other.example", of: "other")
            let path = "/browser/v1/sign-ins/\(page.id)/events"
            // Another portal's counts for that one alone. Who is refused may read why.
            for (origin, status) in [
                (PageSite.origin, 200), ("https://other.example", 403), ("https://evil.example", 403),
                ("null", 403), ("http://countersign.example.com", 200),
            ] {
                let isOwn = origin == "http://countersign.example.com"
                let preflight = try await site.http.send(request("OPTIONS", path, ["Origin": origin]))
                let answer = try await site.ask(page, "", ["Origin": origin])
                #expect(preflight.status == 204 && answer.status == status, "\(origin)")
                #expect(answer.body.contains("origin_not_allowed") == (status == 403), "\(origin)")
                for told in [preflight, answer] {
                    #expect(told.header("Access-Control-Allow-Origin") == (isOwn ? nil : origin), "\(origin)")
                    #expect(told.header("Access-Control-Allow-Credentials") == nil)
                    #expect(told.header("Vary") == "Origin")
                }
            }
        }
    }

    @Test func `of three pages of a sign-in the newest two are told`() async throws {
        try await PageSite.run { site in
            let page = try await site.start()
            try await site.events(page) { first in
                _ = try await first.text(until: "\"status\":\"issued\"")
                try await site.events(page) { second in
                    _ = try await second.text(until: "\"status\":\"issued\"")
                    try await site.events(page) { third in
                        _ = try await third.text(until: "\"status\":\"issued\"")
                        let displaced = try await first.text(until: PageSite.streamEnd)
                        #expect(displaced.contains("\"error\":\"displaced\""))
                        _ = try await site.post(page, "/cancel")
                        for stream in [second, third] {
                            let all = try await stream.text(until: PageSite.streamEnd)
                            #expect(all.contains("\"status\":\"cancelled\""))
                        }
                    }
                }
            }
        }
    }

    @Test func `places are limited by address, by portal and in all, and come back`() throws {
        let places = StreamPlaces(.init(connections: 32))
        func refused(_ portal: String, _ address: String) -> String? {
            do {
                kept.withLock { $0.append(try? places.take(.random(), portal, IPAddress(address))) }
                _ = try places.take(.random(), portal, IPAddress(address))
                return nil
            } catch {
                return error.code + " " + error.description
            }
        }
        let kept = Mutex<[StreamPlaces.Place?]>([])
        // 4 of an address, 16 of a portal, 24 in all.
        for n in 0..<4 { #expect(refused("acme", "192.0.2.\(n)") == nil) }
        for _ in 0..<3 { _ = refused("acme", "198.51.100.1") }
        #expect(
            refused("acme", "198.51.100.1")?.contains("too_many_streams too many pages of your address")
                == true)
        for n in 10..<60 { _ = refused("acme", "192.0.2.\(n)") }
        #expect(refused("acme", "203.0.113.1")?.contains("of this portal") == true)
        #expect(refused("globex", "203.0.113.2") == nil)
        for n in 0..<60 { _ = refused("globex", "203.0.113.\(n)") }
        #expect(refused("initech", "192.0.2.99")?.contains("of this server") == true)
        kept.withLock { $0 = [] }
        #expect(places.count == 0)
        #expect(refused("acme", "198.51.100.1") == nil)
    }

    /// By themselves the polls of two portals and the pages of a third had all connections.
    @Test func `polls of portals have their places among the streams, and starts need none`() async throws {
        let places = StreamPlaces(.init(connections: 32))
        let waits = PortalWaits(connections: 32, places: places)
        var kept = try (0..<8).map { try places.take(.random(), "acme", IPAddress("192.0.2.\($0)")) }
        for _ in 0..<8 { kept.append(try places.take(of: "acme")) }
        #expect(throws: Problem.self) { try places.take(.random(), "acme", IPAddress("192.0.2.99")) }
        for _ in 0..<8 { kept.append(try places.take(of: "globex")) }
        let problem = await #expect(throws: Problem.self) { try await waits.poll("initech") {} }
        #expect(problem?.code == "1002" && problem?.description.contains("ask without wait") == true)
        try await waits.run("initech") {}
        kept[0].end()
        try await waits.poll("initech") { #expect(places.count == 24) }
        #expect(places.count == 23)
    }

    @Test func `too many streams of an address are refused with a reason, and it may ask`() async throws {
        try await PageSite.run(nil, expiresIn: 180, { $0.http.limits.connections = 24 }) { site in
            let pages = try await many(4, site)
            try await opened(pages.prefix(3), site) {
                let refused = try await site.ask(pages[3], "/events")
                #expect(refused.status == 429 && refused.header("Retry-After") == "5")
                #expect(try refused.json()["error"] as? String == "too_many_streams")
                let state = try await site.ask(pages[3]).json()
                #expect(state["status"] as? String == "issued")
                let waiting = try await site.ask(
                    pages[3], "?wait=25&known=\(state["version"] as? String ?? "")")
                #expect(waiting.status == 429)
            }
        }
    }

    private func many(_ count: Int, _ site: PageSite) async throws -> [PageSite.Page] {
        var pages: [PageSite.Page] = []
        for _ in 0..<count { pages.append(try await site.start()) }
        return pages
    }

    /// Runs `body` while each of those pages has its stream.
    private func opened(
        _ pages: some Collection<PageSite.Page>, _ site: PageSite, _ body: () async throws -> Void
    ) async throws {
        var streams: [RawConnection] = []
        for (n, page) in pages.enumerated() {
            let stream = try await RawConnection.open(site.http.port)
            let headers = [
                "Authorization": "Bearer \(page.token)", "X-Forwarded-For": "198.51.\(n / 200).\(n % 200)",
            ]
            try await stream.send(request("GET", "/browser/v1/sign-ins/\(page.id)/events", headers))
            streams.append(stream)
        }
        for stream in streams { _ = try await stream.text(until: "\"status\":") }
        try await body()
        for stream in streams { await stream.close() }
    }

    @Test func `a thousand streams keep nobody waiting`() async throws {
        try await PageSite.run(
            nil, expiresIn: 600,
            { configuration in
                configuration.http.limits.connections = 4_000
                configuration.http.limits.connectionsPerAddress = 4_000
                configuration.http.proxies = TrustedProxies((try? AddressRange.list("127.0.0.0/8")) ?? [])
            }
        ) { site in
            let pages = try await many(500, site)
            try await opened(pages + pages, site) {
                // All are looked at in the background; a sign-in beside them goes on.
                let page = try await site.start()
                #expect(try await site.phone.submit(site.enrollment, page.otp, .accept).status == 200)
                #expect(try await site.ask(page).json()["status"] as? String == "authenticated")
            }
        }
    }
}
