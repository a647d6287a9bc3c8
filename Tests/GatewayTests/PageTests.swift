import Countersign
import Engine
import Foundation
import Gateway
import Postgres
import Support
import Testing

/// What a visitor's page is told of the one sign-in that it shows.
@Suite(.database) struct PageTests {
    @Test func `a portal without an origin gets no token`() async throws {
        let site = try await GatewaySite.make()
        try await withSite(site) { http in
            let started = try await startJSON(site, http)
            #expect(started["otp"] != nil && started["browser_token"] == nil)
        }
    }

    @Test func `a page sees the code, the scan and the end, and never who`() async throws {
        try await PageSite.run { site in
            let page = try await site.start()
            let first = try await site.ask(page).json()
            #expect(first["status"] as? String == "issued")
            let code = try #require(first["code"] as? [String: Any])
            #expect(code["otp"] as? String == page.otp)
            let picture = try #require(code["qr"] as? [String: Any])
            let drawn = try #require(QRCode(page.otp))
            #expect(picture["size"] as? Int == drawn.side && picture["path"] as? String == drawn.path)
            // News come as they are made, to a stream and to a long poll.
            let version = try #require(first["version"] as? String)
            let polled = Task { try await site.ask(page, "?wait=25&known=\(version)") }
            try await site.events(page) { stream in
                #expect(try await stream.text(until: "\n\n").contains("text/event-stream"))
                let prompt = try await site.phone.submit(site.enrollment, page.otp, .scan).json()["prompt"]
                #expect(try await stream.text(until: "\"status\":\"scanned\"").contains("scanned"))
                let scanned = try await polled.value.json()
                #expect(scanned["status"] as? String == "scanned" && scanned["code"] == nil)
                _ = try await site.phone.submit(
                    site.enrollment, page.otp, .accept, prompt: prompt as? String)
                let all = try await stream.text(until: PageSite.streamEnd)
                #expect(all.contains("\"status\":\"authenticated\""))
                #expect(!all.contains("alice") && !all.contains("PGP"))
            }
            // For a while it is told to who comes back.
            let end = try await site.ask(page)
            #expect(try end.json()["status"] as? String == "authenticated" && !end.body.contains("alice"))
            try await Database.current.arrange(
                "UPDATE countersign.auth_requests SET resolved_at = resolved_at - interval '300 s'")
            #expect(try await site.ask(page).status == 401)
        }
        #expect(!LogCapture.current.text.contains("Bearer"))
    }

    /// Whoever opens the link on the device where the browser is answers by the link; whoever scans the picture does not.
    @Test(
        arguments: [
            ("acme://sign-in?otp={otp}", "acme://sign-in?otp={otp}&channel=link"),
            ("https://app.example/s/{otp}", "https://app.example/s/{otp}?channel=link"),
            ("https://app.example/#{otp}", "https://app.example/?channel=link#{otp}"),
        ])
    func `a link to come back by says so, and the picture does not`(template: String, opened: String)
        async throws
    {
        let back = "&return_uri=https%3A%2F%2Fwww.myportal.com%2Fcallback"
        try await PageSite.run("allow_link = true", { $0.linkTemplate = LinkTemplate(template) }) { site in
            for (fields, link) in [(back, opened), ("", template)] {
                let page = try await site.start(fields)
                let code = try #require(try await site.ask(page).json()["code"] as? [String: Any])
                #expect(code["link"] as? String == link.replacing("{otp}", with: page.otp))
                let picture = QRCode(template.replacing("{otp}", with: page.otp))
                #expect(try #require(code["qr"] as? [String: Any])["path"] as? String == picture?.path)
            }
        }
    }

    @Test func `a portal that speaks SQL leaves the code to its page`() async throws {
        try await PageSite.run { site in
            var portal = try await Database.current.connect(as: site.site.login)
            let row = try await portal.execute(
                """
                INSERT INTO countersign.auth_requests (auth_type, callback_uri)
                VALUES ('otp', '\(GatewaySite.callback)') RETURNING transaction_id
                """)
            let id = try row[0].identifier(0)
            let made = Statement("token", "SELECT countersign.browser_token($1)")
            let token = try await portal.run(made, [.identifier(id)])[0].text(0)
            let page = PageSite.Page(id: id.description, otp: "", token: token)
            let otp = try #require(try await codes(1, of: page, site).first)
            // Again, for a page that is loaded again; the portal has nothing to collect any more.
            let again = try #require(try await site.ask(page).json()["code"] as? [String: Any])
            #expect(again["otp"] as? String == otp)
            #expect(
                try await portal.run(SQL.collect, [.identifier(id)])[0].optionalText(0) == nil)
            let stored = try await Database.current.everythingStored()
            #expect(try #require(Code(otp)).found(in: stored) == [])
            #expect(try await site.phone.submit(site.enrollment, otp, .accept).status == 200)
            #expect(try await site.ask(page).json()["status"] as? String == "authenticated")
        }
    }

    /// As many as the page's stream shows at least, in their order.
    private func codes(_ count: Int, of page: PageSite.Page, _ site: PageSite) async throws -> [String] {
        try await site.events(page) { stream in
            let found = { (text: String) in text.matches(of: /"otp":"([A-Za-z0-9_-]{64})"/) }
            return found(try await stream.text { found($0).count >= count }).map { String($0.output.1) }
        }
    }

    @Test func `codes that change come one after the other, as SQL makes them`() async throws {
        try await PageSite.run("code_rotation = 1") { site in
            let page = try await site.start()
            let shown = try await codes(3, of: page, site)
            #expect(shown.count >= 3 && Set(shown).count == shown.count)
            // The newest is good at this moment.
            let now = try #require(try await site.ask(page).json()["code"] as? [String: Any])
            let otp = try #require(now["otp"] as? String)
            #expect(try await site.phone.submit(site.enrollment, otp, .accept).status == 200)
        }
    }

    @Test func `a confirmation number is typed on the page`() async throws {
        try await PageSite.run("confirm_code = 'always'") { site in
            let page = try await site.start()
            let prompt = try await site.phone.submit(site.enrollment, page.otp, .scan).json()["prompt"]
            let text = try #require(prompt as? String)
            let number = try #require(text.firstMatch(of: /\nConfirmation number: ([0-9]{2})/)?.output.1)
            let asked = try await site.ask(page).json()
            #expect(asked["confirmation"] as? String == "awaited")
            let wrong = try await site.post(page, "/confirm", "&code=\(number == "00" ? "01" : "00")")
            #expect(try wrong.json()["confirmation_tries_left"] as? Int == 2)
            #expect(wrong.header("Access-Control-Allow-Origin") == PageSite.origin)
            #expect(try await site.post(page, "/confirm", "&code=x").status == 400)
            let right = try await site.post(page, "/confirm", "&code=\(number)").json()
            #expect(right["status"] as? String == "scanned" && right["confirmation"] as? String == "given")
            _ = try await site.phone.submit(site.enrollment, page.otp, .accept, prompt: text)
            #expect(try await site.ask(page).json()["status"] as? String == "authenticated")
        }
    }

    @Test func `a page that leaves cancels its sign-in`() async throws {
        try await PageSite.run { site in
            let page = try await site.start()
            #expect(try await site.post(page, "/cancel").status == 204)
            #expect(try await site.post(page, "/cancel").status == 204)
            let result = try await signInResult(site.site, site.http, page.id)
            #expect(result["status"] as? String == "cancelled")
            #expect(try await site.ask(page).json()["status"] as? String == "cancelled")
        }
    }

    @Test func `tokens go with their sign-ins`() async throws {
        try await PageSite.run { site in
            _ = try await site.start()
            try await Database.current.arrange(
                "UPDATE countersign.browser_tokens SET expires_at = clock_timestamp() - interval '301 s'")
            var worker = try await Database.current.connect(
                as: try await Database.current.makeLogin("sweeper", in: .worker))
            _ = try await worker.run(SweepBrowserTokens())
            #expect(try await Database.current.rowCounts()["browser_tokens"] == 0)
        }
    }

    @Test func `the script and the style are kept, and asked for again by their tag`() async throws {
        let site = try await GatewaySite.make()
        try await withGateway(site) { http in
            for (name, type) in [("js", "text/javascript"), ("css", "text/css")] {
                let path = "/widget/v1/countersign.\(name)"
                let answer = try await http.send(request("GET", path))
                #expect(answer.status == 200 && answer.header("Content-Type")?.hasPrefix(type) == true)
                #expect(answer.header("Cache-Control") == "public, max-age=3600")
                #expect(answer.header("Access-Control-Allow-Origin") == "*")
                let tag = try #require(answer.header("ETag"))
                let again = try await http.send(
                    request("GET", path, ["If-None-Match": tag, "Connection": "close"]))
                #expect(again.status == 304 && again.body.isEmpty)
                let other = try await http.send(request("GET", path, ["If-None-Match": "\"x\""]))
                #expect(other.status == 200)
            }
        }
    }
}
