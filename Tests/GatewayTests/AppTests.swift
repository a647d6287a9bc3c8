import Countersign
import Foundation
import Gateway
import Postgres
import Support
import Testing

/// The API for apps: enroll, scan, accept, deny, list, revoke.
@Suite(.database) struct AppTests {
    private func withApp(_ site: GatewaySite, _ body: (RawHTTP, TokenIssuer) async throws -> Void)
        async throws
    {
        let issuer = try TokenIssuer()
        try await withSite(site, { $0.tokens = issuer.rules(app: site.app) }) { http in
            try await body(http, issuer)
        }
    }

    @Test func `a whole sign-in`() async throws {
        let site = try await GatewaySite.make()
        try await withApp(site) { http, issuer in
            let phone = try HTTPPhone(http: http, token: try issuer.token())
            let enrolled = try await phone.enroll()
            #expect(enrolled.status == 201)
            let json = try enrolled.json()
            #expect(json["status"] as? String == "active" && json["device_name"] as? String == "Pixel")
            let enrollment = try #require(json["enrollment_id"] as? String)

            let (id, otp) = try await startSignIn(site, http)
            async let result = signInResult(site, http, id, wait: 20)
            let scanned = try await phone.submit(enrollment, otp, .scan)
            #expect(scanned.status == 200)
            #expect(try scanned.json()["prompt"] as? String == "ACME\nSign in")
            #expect(try scanned.json()["transaction_id"] as? String == id)
            #expect(!scanned.text.contains(otp))
            let prompt = try scanned.json()["prompt"] as? String
            let accepted = try await phone.submit(enrollment, otp, .accept, prompt: prompt)
            #expect(accepted.status == 200)
            #expect(try accepted.json()["result"] as? String == "accepted")
            let end = try await result
            #expect(end["is_authenticated"] as? Bool == true && end["user_id"] as? String == "alice")
            #expect(end["reference"] as? String == "session-42")
            #expect(end["signature_verified"] as? Bool == true)
            // Another app may have an alice, too.
            var owner = try await Database.current.connect()
            let app = try await owner.execute("SELECT app_id FROM countersign.enrollments")[0].int(0)
            #expect(end["app_id"] as? Int == app)
        }
    }

    @Test func `a refused key is no success, and a wrong clock is told the time`() async throws {
        let site = try await GatewaySite.make()
        try await withApp(site) { http, issuer in
            let phone = try HTTPPhone(http: http, token: try issuer.token())
            let refused = try await phone.enroll(key: "no key")
            #expect(refused.status == 400)
            #expect(try refused.json()["error"] as? String == "enrollment_rejected")
            #expect((try refused.json()["error_description"] as? String)?.hasPrefix("public_key: ") == true)
            let enrollment = try await phone.enrolled()
            let (_, otp) = try await startSignIn(site, http)
            let late = try phone.submission(enrollment, otp, .accept, at: .seconds(-400))
            var undated = late
            undated["signed_at"] = nil
            for (answer, words) in [
                (late, "signed_at is \(late["signed_at"] ?? ""), and the time here was 20"),
                (undated, "signed_at is missing, and the time here was 20"),
            ] {
                let told = try await phone.submit(answer)
                #expect(told.status == 403)
                #expect(try told.json()["error"] as? String == "stale_signature")
                let sentence = try #require(try told.json()["error_description"] as? String)
                #expect(sentence.hasPrefix(words), "\(sentence)")
            }
        }
    }

    @Test func `who has as many devices as a user may have is told so`() async throws {
        let site = try await GatewaySite.make()
        try await Database.current.arrangeAsSuperuser("UPDATE countersign.apps SET max_devices_per_user = 1")
        try await withApp(site) { http, issuer in
            let phone = try HTTPPhone(http: http, token: try issuer.token())
            #expect(try await phone.enroll().status == 201)
            let refused = try await phone.enroll("tablet")
            #expect(refused.status == 429 && refused.header("Retry-After") == "3600")
            #expect(try refused.json()["error"] as? String == "too_many_enrollments")
            #expect((try refused.json()["error_description"] as? String)?.contains("has 1 devices") == true)
        }
    }

    @Test func `a misspelt field is named, with those that there are`() async throws {
        let site = try await GatewaySite.make()
        try await withApp(site) { http, issuer in
            let phone = try HTTPPhone(http: http, token: try issuer.token())
            let enrollment = try await phone.enrolled()
            let (_, otp) = try await startSignIn(site, http)
            let right = try phone.submission(enrollment, otp, .accept)
            let fields =
                "allowed: enrollment_id, otp, action, signed_at, prompt_digest, signature, deny_reason, channel"
            for (name, shown) in [
                ("deny_reson", "'deny_reson'"), ("not one\r\n", "of one of the names that were given"),
            ] {
                var wrong = right
                wrong[name] = "not_me"
                let told = try await phone.submit(wrong)
                #expect(told.status == 400)
                #expect(try told.json()["error"] as? String == "invalid_request")
                let sentence = try told.json()["error_description"] as? String
                #expect(sentence == "there is no field \(shown); \(fields)")
            }
            #expect(try await phone.submit(right).status == 200)
        }
    }

    /// What stands in an erased user's place.
    @Test func `a user of that form cannot enroll, and is told why`() async throws {
        let site = try await GatewaySite.make()
        try await withApp(site) { http, issuer in
            let name = "erased-" + String(repeating: "0a", count: 16)
            let told = try await HTTPPhone(http: http, token: try issuer.token(name)).enroll()
            #expect(told.status == 400)
            #expect(try told.json()["error"] as? String == "invalid_request")
            let sentence = try told.json()["error_description"] as? String
            #expect(sentence?.hasPrefix("user_id has the form of an erased user's") == true)
        }
    }

    @Test func `codes that are unknown, expired, used or another's look alike`() async throws {
        let site = try await GatewaySite.make()
        try await withApp(site) { http, issuer in
            let alice = try HTTPPhone(http: http, token: try issuer.token())
            let bob = try HTTPPhone(http: http, token: try issuer.token("bob"))
            let (hers, his) = (try await alice.enrolled(), try await bob.enrolled())
            let (used, scanned, due) = (
                try await startSignIn(site, http), try await startSignIn(site, http),
                try await startSignIn(site, http)
            )
            _ = try await alice.submit(hers, used.otp, .accept)
            _ = try await alice.submit(hers, scanned.otp, .scan)
            try await Database.current.makeDue(due.id)
            let unknown = base64URL((0..<48).map { UInt8($0) })
            var answers: Set<String> = []
            for otp in [used.otp, scanned.otp, due.otp, unknown] {
                let answer = try await bob.submit(his, otp, .accept)
                #expect(answer.status == 400)
                answers.insert(answer.head.replacing(/(Date|X-Request-Id): [^\r]*/, with: "") + answer.body)
            }
            #expect(answers.count == 1, "\(answers)")
        }
    }

    @Test func `another user's enrollment is nobody's`() async throws {
        let site = try await GatewaySite.make()
        try await withApp(site) { http, issuer in
            let alice = try HTTPPhone(http: http, token: try issuer.token())
            let mallory = try HTTPPhone(http: http, token: try issuer.token("mallory"))
            let enrollment = try await alice.enrolled()
            let (id, otp) = try await startSignIn(site, http)
            let nothing = Identifier.random().description
            for target in [enrollment, nothing] {
                let answer = try await mallory.submit(target, otp, .accept)
                #expect(answer.status == 403)
                #expect(try answer.json()["error"] as? String == "not_enrolled")
                #expect(try await mallory.revoke(target).status == 404)
            }
            #expect(try await mallory.list().body == #"{"enrollments":[]}"#)
            #expect(try await signInResult(site, http, id)["status"] as? String == "issued")
            #expect(try await alice.submit(enrollment, otp, .accept).status == 200)
        }
    }

    /// A restore would bring it back, and the file outside does not.
    @Test func `a revocation is in the journal before it is answered`() async throws {
        let site = try await GatewaySite.make()
        let issuer = try TokenIssuer()
        let file = FileManager.default.temporaryDirectory.appending(path: "journal-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: file) }
        let journal = try Journal(path: file)
        try await withSite(
            site,
            {
                $0.tokens = issuer.rules(app: site.app)
                $0.journal = journal
            }
        ) { http in
            let phone = try HTTPPhone(http: http, token: try issuer.token())
            let enrollment = try await phone.enrolled()
            #expect(try await phone.revoke(enrollment).status == 204)
            #expect(try await phone.revoke(enrollment).status == 204)
            #expect(try await journal.revoked().map(\.description) == [enrollment])
        }
    }

    @Test func `a revoked enrollment answers no more`() async throws {
        let site = try await GatewaySite.make()
        try await withApp(site) { http, issuer in
            let phone = try HTTPPhone(http: http, token: try issuer.token())
            let enrollment = try await phone.enrolled()
            for _ in 0..<2 { #expect(try await phone.revoke(enrollment).status == 204) }
            let listed = try #require(try await phone.list().json()["enrollments"] as? [[String: Any]])
            #expect(listed.map { $0["status"] as? String } == ["revoked"])
            let (_, otp) = try await startSignIn(site, http)
            let answer = try await phone.submit(enrollment, otp, .accept)
            #expect(answer.status == 403)
            #expect(try answer.json()["error"] as? String == "enrollment_revoked")
            var owner = try await Database.current.connect()
            let events = try await owner.execute(
                "SELECT user_id FROM countersign.events WHERE type = 'enrollment.revoked'")
            #expect(try events.map { try $0.text(0) } == ["alice"])
        }
    }

    @Test(arguments: [
        (#"{}"#, 400), (#"[]"#, 400), ("", 400), (#"{"device_id": 7}"#, 400), (#"{"device_id": ""}"#, 400),
        (#"{"device_id": "a\u0000b", "public_key": "x"}"#, 400), (#"{"device_id": "x"}"#, 400),
        (#"{"device_id": "x", "user_id": "bob"}"#, 403),
    ])
    func `a bad enrollment is refused with a reason`(body: String, status: Int) async throws {
        let site = try await GatewaySite.make()
        let issuer = try TokenIssuer()
        try await withGateway(site, { $0.tokens = issuer.rules(app: site.app) }) { http in
            let headers = [
                "Authorization": "Bearer \(try issuer.token())", "Content-Type": "application/json",
            ]
            let answer = try await http.send(request("POST", "/app/v1/enrollments", headers, body: body))
            #expect(answer.status == status)
            #expect((try answer.json()["error_description"] as? String)?.isEmpty == false)
        }
    }
}
