import Countersign
import Foundation
import Gateway
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
