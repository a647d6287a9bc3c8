import Countersign
import Foundation
import NIOHTTP1
import OpenPGP
import Postgres
import Support
import Testing

/// Portals and phones.
extension Everything {
    private static let insert = Statement(
        "insert",
        """
        INSERT INTO countersign.auth_requests (auth_type, callback_uri, secure_message, reference, traceparent)
        VALUES ($1, $2, $3, 'visit', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01')
        RETURNING transaction_id
        """)
    private static let awaitOTP = Statement("await", "SELECT countersign.await_otp($1, '10 s')")
    private static let cancel = Statement("cancel", "SELECT countersign.cancel_request($1)")
    private static let submit = Statement(
        "submit",
        """
        INSERT INTO countersign.submissions (enrollment_id, otp, action, signed_at, prompt_digest, signature)
        VALUES ($1, $2, $3, $4, $5, $6) RETURNING submission_id
        """)
    private static let verdict = Statement(
        "verdict", "SELECT result, reason FROM countersign.await_submission($1, '10 s')")
    private static let enroll = Statement(
        "enroll",
        "INSERT INTO countersign.enrollments (user_id, device_id, public_key) VALUES ($1, 'other', $2) RETURNING enrollment_id"
    )

    /// A request that is issued, and its code.
    func issued(
        _ path: String, secure: Bool = false, _ connection: inout Connection
    ) async throws -> (id: Identifier, code: String) {
        let parameters: [Parameter] = [
            "qr-code", .text(receiver.address + path), Parameter(secure ? marks.secureMessage : nil),
        ]
        let id = try await connection.run(Self.insert, parameters)[0].identifier(0)
        let code = try await connection.run(Self.awaitOTP, [.identifier(id)])[0].text(0)
        try evidence.mustNotShow(code: code)
        return (id, code)
    }

    /// Whole sign-ins by SQL, and everything that can go wrong in one.
    func signInBySQL() async throws -> [Identifier] {
        var portal = try await Database.current.connect(as: portal)
        let phone = Phone(
            Shell(url: Database.current.url(login: app)), folder.appending(path: "sql.json"), evidence)
        try await phone.run("enroll", "--user", marks.walter)
        try phone.keepKeys()

        let accepted = try await issued("/ok", secure: true, &portal)
        try await phone.run("scan", accepted.code, showing: marks.secureMessage)
        try await phone.run("accept")
        try await phone.run("accept", accepted.code, status: 65)
        let denied = try await issued("/fail", &portal)
        try await phone.run("scan", denied.code)
        try await phone.run("deny")
        let gone = try await issued("/gone", &portal)
        try await phone.run("scan", gone.code)
        try await phone.run("accept")

        let open = try await issued("/ok", &portal)
        let wrong = Code.invented(for: open.id)
        try evidence.mustNotShow(code: wrong)
        try await phone.run("scan", wrong, status: 65)
        try await submitWronglySigned(open.code, phone)
        try await enrollWithPrivateKey()
        #expect(try await portal.run(Self.cancel, [.identifier(open.id)])[0].bool(0))
        let late = try await issued("/ok", &portal)
        try await Database.current.makeDue(late.id)
        try await Database.current.wait(
            until: """
                SELECT count(*) FROM countersign.auth_requests
                WHERE transaction_id = '\(late.id)' AND status = 'expired'
                """, is: 1)
        await #expect(throws: PostgresError.self) {
            try await portal.run(
                Self.insert, ["no-type", .text(receiver.address), .text(marks.secureMessage)])
        }
        return [accepted.id, denied.id, gone.id, open.id, late.id]
    }

    private func submitWronglySigned(_ code: String, _ phone: Phone) async throws {
        var app = try await Database.current.connect(as: app)
        let context = try OpenPGPContext(capacity: 4)
        let keys = try context.generateKeyPair(userID: "somebody else")
        let signed = try SignedSubmission(.accept, code, of: phone.enrollment(), by: keys, context)
        let id = try await app.run(Self.submit, signed.parameters)[0].identifier(0)
        #expect(try await app.run(Self.verdict, [.identifier(id)])[0].optionalText(1) == "invalid_signature")
    }

    /// As somebody does who takes the wrong file.
    private func enrollWithPrivateKey() async throws {
        var app = try await Database.current.connect(as: app)
        let keys = try OpenPGPContext(capacity: 4).generateKeyPair(userID: "a mistake")
        evidence.mustNotShow(Secret("private key sent by mistake", bytes: Array(keys.secretKey.prefix(40))))
        let body = Data(keys.secretKey).base64EncodedString(options: [
            .lineLength64Characters, .endLineWithLineFeed,
        ])
        let armor = "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n\(body)\n-----END PGP PRIVATE KEY BLOCK-----\n"
        do {
            try await app.run(Self.enroll, [.text(marks.walter), .text(armor)])
        } catch {
            evidence.add("errors", "\(error)")
        }
    }

    /// The same over HTTP, with what clients do wrong there.
    func signInByHTTP(_ web: Browser) async throws {
        let basic = [
            "authorization": "Basic " + Data("\(client.id):\(client.secret)".utf8).base64EncodedString()
        ]
        let root = "/oauth/api/v4/authenticate"
        let token = try issuer.token(marks.otto)
        evidence.mustNotShow(Secret("access token", token))
        evidence.mustNotShow(Secret("signature of a token", String(token.split(separator: ".")[2])))
        let phone = Phone(
            Shell().with("COUNTERSIGN_URL", web.base).with("COUNTERSIGN_TOKEN", token),
            folder.appending(path: "http.json"), evidence)
        try await phone.run("enroll", "--user", marks.otto)
        try phone.keepKeys()
        let draft = [
            "type": "qr-code", "callback_uri": receiver.address + "/ok",
            "secure_message": marks.secureMessage,
        ]
        let first = try await start(web, draft, basic.merging(["x-request-id": "http-1"]) { $1 })
        try await phone.run("scan", first.code, showing: marks.secureMessage)
        try await phone.run("accept")
        let result = try await web.send(.GET, "\(root)/transaction/\(first.id)?wait=5", basic)
        #expect(result.json("user_id") == marks.otto)
        let second = try await start(
            web, draft.merging(["client_id": client.id, "client_secret": client.secret]) { $1 }, [:])
        #expect(try await web.send(.DELETE, "\(root)/transaction/\(second.id)", basic).status == 204)
        #expect(try await web.send(.GET, "\(root)/user/\(marks.otto)/enabled", basic).status == 200)
        try await tryTheDemo(web)
        try await failByHTTP(web, basic, token, second.code, try phone.enrollment())
    }

    private func start(
        _ web: Browser, _ form: [String: String], _ headers: [String: String]
    ) async throws -> (id: String, code: String) {
        let answer = try await web.send(.POST, "/oauth/api/v4/authenticate/user", headers, form: form)
        let code = try #require(answer.json("otp"), "\(answer.body)")
        try evidence.mustNotShow(code: code)
        return (try #require(answer.json("transaction_id")), code)
    }

    private func tryTheDemo(_ web: Browser) async throws {
        let page = try await web.send(.POST, "/demo/sign-ins")
        let token = try #require(page.json("browser_token"))
        evidence.mustNotShow(Secret("browser token", token))
        let cookie = try #require(page.header("set-cookie")?.firstMatch(of: /=([A-Za-z0-9_-]{22});/))
        evidence.mustNotShow(Secret("cookie of a demo's visitor", String(cookie.output.1)))
        let path = "/browser/v1/sign-ins/\(try #require(page.json("transaction_id")))"
        let state = try await web.send(.GET, path, ["authorization": "Bearer \(token)"])
        let code = try #require(state.body.firstMatch(of: /"otp":"([A-Za-z0-9_-]{64})"/))
        try evidence.mustNotShow(code: String(code.output.1))
        #expect(try await web.send(.POST, "\(path)/cancel", form: ["browser_token": token]).status == 204)
    }

    private func failByHTTP(
        _ web: Browser, _ basic: [String: String], _ token: String, _ code: String, _ enrollment: Identifier
    ) async throws {
        let root = "/oauth/api/v4/authenticate"
        let mistyped = "mistyped-client-secret-\(UUID().uuidString)"
        evidence.mustNotShow(Secret("mistyped client secret", mistyped))
        let forged = token.dropLast(8) + "AAAAAAAA"
        evidence.mustNotShow(Secret("forged token", String(forged)))
        let bearer = ["authorization": "Bearer \(token)"]
        let wrong = ["authorization": "Basic " + Data("\(client.id):\(mistyped)".utf8).base64EncodedString()]
        let submission = ["enrollment_id": enrollment.description, "otp": code, "action": "accept"]
        let answers = [
            try await web.send(.POST, "\(root)/user", wrong, form: [:]),
            try await web.send(
                .POST, "\(root)/user", form: ["client_id": client.id, "client_secret": mistyped]),
            try await web.send(.POST, "\(root)/user", basic, form: ["type": code, "callback_uri": token]),
            try await web.send(.POST, "\(root)/user", basic, form: ["user_id": marks.otto]),
            try await web.send(.POST, "\(root)/user", basic, json: ["otp": code]),
            try await web.send(.GET, "\(root)/transaction/\(code)?otp=\(code)", basic),
            try await web.send(.GET, "/\(token)?access_token=\(token)", basic),
            try await web.send(.GET, "/app/v1/enrollments", ["authorization": "Bearer \(forged)"]),
            try await web.send(.GET, "/app/v1/enrollments", ["authorization": "Token \(token)"]),
            try await web.send(.POST, "/app/v1/submissions", bearer, json: submission),
            try await web.send(
                .POST, "/app/v1/submissions", bearer,
                json: submission.merging(["enrollment_id": Identifier.random().description]) { $1 }),
            try await web.send(.POST, "/app/v1/submissions", bearer, json: ["otp": code, marks.otto: token]),
            try await web.send(.POST, "/app/v1/submissions", bearer, form: ["otp": code]),
            try await web.send(
                .POST, "/app/v1/enrollments", bearer,
                json: [
                    "device_id": "x", "user_id": marks.walter,
                    "public_key": "-----BEGIN PGP PRIVATE KEY BLOCK-----",
                ]),
            try await web.send(
                .POST, "/app/v1/enrollments", bearer,
                json: ["device_id": "x", "public_key": "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\(code)"]),
            try await web.send(.DELETE, "/app/v1/enrollments/\(code)", bearer),
            try await web.send(.PUT, "/demo/sign-ins", ["x-request-id": "\(code) \(token)"]),
        ]
        for (number, answer) in answers.enumerated() {
            #expect((400..<500).contains(answer.status) || answer.status == 201, "\(number): \(answer.text)")
            if answer.status != 201 { evidence.add("errors", answer.text) }
        }
    }
}

/// `countersign phone` with a file of its own.
struct Phone {
    private let shell: Shell
    private let file: URL
    private let evidence: Evidence

    init(_ shell: Shell, _ file: URL, _ evidence: Evidence) {
        (self.shell, self.file, self.evidence) = (shell, file, evidence)
    }

    /// - Parameter shown: a text that it is there to show; that is looked for, and not kept.
    func run(_ arguments: String..., status: Int32 = 0, showing shown: String? = nil) async throws {
        let outcome = try await shell.start(["phone"] + arguments + ["--keys", file.path]).outcome()
        #expect(outcome.status == status, "\(arguments): \(outcome.text)")
        if let shown { #expect(outcome.output.contains(shown)) }
        let said = shown.map { outcome.text.replacing($0, with: "") } ?? outcome.text
        evidence.add("phones", said, [.secret, .digest])
    }

    private func memory() throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
    }

    func enrollment() throws -> Identifier {
        let enrollment = try memory()["enrollment"] as? [String: Any]
        return try #require((enrollment?["id"] as? String).flatMap { Identifier($0) })
    }

    /// The packets begin as no public key does.
    func keepKeys() throws {
        let key = try #require((try memory()["signingSecret"] as? String).flatMap { Data(base64Encoded: $0) })
        evidence.mustNotShow(Secret("phone's secret key", bytes: Array(key)))
    }
}
