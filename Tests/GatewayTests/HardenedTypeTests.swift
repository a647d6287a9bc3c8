import Countersign
import Foundation
import Gateway
import OpenPGP
import Postgres
import Support
import Testing

/// Sign-ins over HTTP by types that ask for more than a code.
@Suite(.database) struct HardenedTypeTests {
    private func withPhone(
        _ settings: String, _ body: (GatewaySite, RawHTTP, HTTPPhone, String) async throws -> Void
    ) async throws {
        let site = try await GatewaySite.make()
        try await Database.current.arrange("UPDATE countersign.auth_types SET \(settings)")
        let issuer = try TokenIssuer()
        try await withSite(site, { $0.tokens = issuer.rules(app: site.app) }) { http in
            let phone = try HTTPPhone(http: http, token: try issuer.token())
            try await body(site, http, phone, try await phone.enrolled())
        }
    }

    private func post(
        _ site: GatewaySite, _ http: RawHTTP, _ path: String, _ body: String
    ) async throws -> RawHTTP.Answer {
        let headers = ["Authorization": site.basic, "Content-Type": "application/x-www-form-urlencoded"]
        return try await http.send(
            request("POST", "/oauth/api/v4/authenticate/transaction/\(path)", headers, body: body))
    }

    private func get(_ site: GatewaySite, _ http: RawHTTP, _ path: String) async throws -> [String: Any] {
        let path = "/oauth/api/v4/authenticate/transaction/\(path)"
        return try await http.send(request("GET", path, ["Authorization": site.basic])).json()
    }

    @Test func `a confirmation number, asked for on the page`() async throws {
        try await withPhone("confirm_code = 'always'") { site, http, phone, enrollment in
            let (id, otp) = try await startSignIn(site, http)
            // A word that is no status would be another than any.
            let typo = try await get(site, http, "\(id)?wait=30&known=Issued")
            #expect(typo["error"] as? String == "1003", "\(typo)")
            // A page learns that it has to ask by waiting for what it does not know.
            async let news = get(site, http, "\(id)?wait=30&known=issued")
            let prompt = try await phone.submit(enrollment, otp, .scan).json()["prompt"] as? String
            let number = try #require(prompt?.firstMatch(of: /\nConfirmation number: ([0-9]{2})/)?.output.1)
            let asked = try await news
            #expect(asked["status"] as? String == "scanned" && asked["confirmation"] as? String == "awaited")
            #expect(try await phone.submit(enrollment, otp, .accept, prompt: prompt).status == 200)
            let open = try await signInResult(site, http, id)
            #expect(open["is_authenticated"] as? Bool == false && open["user_id"] == nil)
            let wrong = try await post(site, http, "\(id)/confirm", "code=\(number == "00" ? "01" : "00")")
            #expect(try wrong.status == 200 && wrong.json()["is_authenticated"] as? Bool == false)
            #expect(try wrong.json()["confirmation_tries_left"] as? Int == 2)
            #expect(try await post(site, http, "\(id)/confirm", "code=x").status == 400)
            let right = try await post(site, http, "\(id)/confirm", "code=\(number)").json()
            #expect(right["is_authenticated"] as? Bool == true && right["user_id"] as? String == "alice")
            #expect(right["confirmation"] as? String == "given")
        }
    }

    @Test func `a result that is redeemed twice`() async throws {
        try await withPhone("redeem_once = true") { site, http, phone, enrollment in
            let (id, otp) = try await startSignIn(site, http)
            #expect(try await phone.submit(enrollment, otp, .accept).status == 200)
            let before = try await signInResult(site, http, id)
            #expect(before["is_authenticated"] as? Bool == false && before["user_id"] == nil)
            #expect((before["not_authenticated_reason"] as? [String: String])?["reason"] == "not_redeemed")
            let first = try await post(site, http, "\(id)/redeem", "").json()
            #expect(first["is_authenticated"] as? Bool == true && first["user_id"] as? String == "alice")
            #expect(first["user_public_key"] as? String == phone.keys.publicKey)
            let second = try await post(site, http, "\(id)/redeem", "").json()
            #expect(second["is_authenticated"] as? Bool == false && second["user_id"] == nil)
            #expect((second["not_authenticated_reason"] as? [String: String])?["reason"] == "redeemed")
        }
    }

    @Test func `codes that change`() async throws {
        try await withPhone("code_rotation = 60") { site, http, phone, enrollment in
            let started = try await startJSON(site, http)
            let (id, seed) = (
                started["transaction_id"] as? String ?? "", started["otp_seed"] as? String ?? ""
            )
            let until = try #require(started["otp_valid_until"] as? Double) / 1_000
            #expect((0...60.5).contains(until - Date().timeIntervalSince1970))
            let shown = try await post(site, http, "\(id)/otp", "seed=\(seed)").json()
            let otp = try #require(shown["otp"] as? String)
            #expect(otp != seed && seed.count == 64)
            #expect(try await phone.submit(enrollment, seed, .scan).status >= 400)
            #expect(try await phone.submit(enrollment, otp, .accept).status == 200)
            #expect(try await signInResult(site, http, id)["is_authenticated"] as? Bool == true)
            let over = try await post(site, http, "\(id)/otp", "seed=\(seed)")
            #expect(try over.status == 200 && over.json()["otp"] == nil)
            #expect(try await post(site, http, "\(id)/otp", "seed=x").status == 400)
            let other = try await startJSON(site, http)["transaction_id"] as? String ?? ""
            #expect(try await post(site, http, "\(other)/otp", "seed=\(seed)").status == 400)
        }
    }

    @Test func `a user who says that it was somebody else`() async throws {
        try await withPhone("scan_required = true") { site, http, phone, enrollment in
            let (id, otp) = try await startSignIn(site, http)
            #expect(try await phone.submit(enrollment, otp, .accept).status == 409)
            var answer = try phone.submission(enrollment, otp, .deny)
            answer["deny_reason"] = "because"
            #expect(try await phone.submit(answer).status == 400)
            answer["deny_reason"] = "not_me"
            #expect(try await phone.submit(answer).status == 200)
            let result = try await signInResult(site, http, id)
            #expect(result["deny_reason"] as? String == "not_me" && result["status"] as? String == "denied")
        }
    }

    @Test func `a further device is confirmed by an older one`() async throws {
        try await withPhone("scan_required = false") { site, http, phone, enrollment in
            try await Database.current.arrange("UPDATE countersign.apps SET enrollment_hold = 3600")
            let other = try HTTPPhone(http: http, token: phone.token)
            let added = try await other.enroll("other").json()
            let (held, code) = (
                added["enrollment_id"] as? String ?? "", added["confirmation"] as? String ?? ""
            )
            #expect(added["status"] as? String == "active" && added["held_until"] is String)
            let (_, otp) = try await startSignIn(site, http)
            let refused = try await other.submit(held, otp, .accept)
            #expect(try refused.status == 403 && refused.json()["error"] as? String == "enrollment_held")
            let listed = try await phone.list().json()["enrollments"] as? [[String: Any]] ?? []
            #expect(listed.compactMap { $0["confirmation"] as? String } == [code])
            #expect(try await other.submit(held, code, .confirm).status == 403)
            #expect(try await phone.submit(enrollment, code, .confirm).status == 200)
            #expect(try await other.submit(held, otp, .accept).status == 200)
        }
    }

    /// From the connection: the app's body may not say it.
    @Test func `the connection tells from where the device comes`() async throws {
        try await withPhone("same_network = 'refuse'") { site, http, phone, enrollment in
            let far = try await startJSON(site, http, "&ip_address=203.0.113.7")["otp"] as? String ?? ""
            var answer = try phone.submission(enrollment, far, .accept)
            answer["ip_address"] = "203.0.113.7"
            #expect(try await phone.submit(answer).status == 400)
            answer["ip_address"] = nil
            let refused = try await phone.submit(answer)
            #expect(try refused.status == 403 && refused.json()["error"] as? String == "other_network")
            let near = try await startJSON(site, http, "&ip_address=127.0.0.9")
            let (id, otp) = (near["transaction_id"] as? String ?? "", near["otp"] as? String ?? "")
            #expect(try await phone.submit(enrollment, otp, .accept).status == 200)
            #expect(try await signInResult(site, http, id)["network_match"] as? String == "same")
        }
    }

    @Test func `a sign-in by link on the same device`() async throws {
        try await withPhone("allow_link = true, allow_qr = false") { site, http, phone, enrollment in
            let back = "&return_uri=https%3A%2F%2Fwww.myportal.com%2Fcallback"
            let started = try await startJSON(site, http, back)
            let (id, otp) = (started["transaction_id"] as? String ?? "", started["otp"] as? String ?? "")
            #expect(try await phone.submit(enrollment, otp, .accept).status == 403)
            var answer = try phone.submission(enrollment, otp, .accept)
            answer["channel"] = "link"
            let address = try #require(try await phone.submit(answer).json()["return_uri"] as? String)
            // Whoever has lost the answer, and gives his again, comes back as well.
            let again = try await phone.submit(answer)
            #expect(try again.json()["return_uri"] as? String == address, "\(again.status) \(again.body)")
            let code = try #require(address.firstMatch(of: /response_code=([0-9a-f]{32})$/)?.output.1)
            #expect(try await signInResult(site, http, id)["is_authenticated"] as? Bool == false)
            let wrong = try await post(site, http, "\(id)/redeem", "response_code=0").json()
            #expect(wrong["is_authenticated"] as? Bool == false && wrong["user_id"] == nil)
            let right = try await post(site, http, "\(id)/redeem", "response_code=\(code)").json()
            #expect(right["is_authenticated"] as? Bool == true && right["user_id"] as? String == "alice")
        }
    }

    @Test func `a browser that is new, and known the next time`() async throws {
        try await withPhone("confirm_code = 'never'") { site, http, phone, enrollment in
            for known in [false, true] {
                let started = try await startJSON(site, http, "&browser_id=0123456789abcdef")
                let (id, otp) = (started["transaction_id"] as? String ?? "", started["otp"] as? String ?? "")
                let prompt = try await phone.submit(enrollment, otp, .scan).json()["prompt"] as? String
                #expect(prompt?.contains("This browser is new to you") == !known)
                #expect(try await phone.submit(enrollment, otp, .accept, prompt: prompt).status == 200)
                #expect(try await signInResult(site, http, id)["browser_known"] as? Bool == known)
            }
            // What cannot be one is dropped, and costs nobody the sign-in.
            for wrong in ["short", "", "%00123456789abcdef", String(repeating: "x", count: 256)] {
                let otp = try await startJSON(site, http, "&browser_id=\(wrong)")["otp"] as? String ?? ""
                let prompt = try await phone.submit(enrollment, otp, .scan).json()["prompt"] as? String
                #expect(prompt?.contains("browser") == false)
                _ = try await phone.submit(enrollment, otp, .deny, prompt: prompt)
            }
        }
    }

    @Test func `a confirmation number that is guessed`() async throws {
        try await withPhone("confirm_code = 'always'") { site, http, phone, enrollment in
            let (id, otp) = try await startSignIn(site, http)
            let prompt = try await phone.submit(enrollment, otp, .scan).json()["prompt"] as? String
            let number = prompt?.firstMatch(of: /\nConfirmation number: ([0-9]{2})/)?.output.1 ?? ""
            _ = try await phone.submit(enrollment, otp, .accept, prompt: prompt)
            for guess in ["11", "22", "33", "44"].filter({ $0 != number }).prefix(3) {
                _ = try await post(site, http, "\(id)/confirm", "code=\(guess)")
            }
            let result = try await post(site, http, "\(id)/confirm", "code=\(number)").json()
            #expect(result["is_authenticated"] as? Bool == false && result["status"] as? String == "failed")
            let reason = result["not_authenticated_reason"] as? [String: String]
            #expect(reason?["description"] == "a wrong confirmation number was given three times")
        }
    }
}
