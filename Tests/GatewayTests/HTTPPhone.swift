import Countersign
import Engine
import Foundation
import OpenPGP
import Postgres
import Support
import Testing

/// The app of one user on one device, over HTTP, with keys of its own.
struct HTTPPhone: Sendable {
    let http: RawHTTP
    let token: String
    let keys: KeyPair
    private let context: OpenPGPContext

    init(http: RawHTTP, token: String) throws {
        (self.http, self.token) = (http, token)
        context = try OpenPGPContext(capacity: 1)
        keys = try context.generateKeyPair(userID: "phone")
    }

    private func send(_ method: String, _ path: String, _ body: [String: String]? = nil) async throws
        -> RawHTTP.Answer
    {
        var headers = ["Authorization": "Bearer \(token)"]
        if body != nil { headers["Content-Type"] = "application/json" }
        let text = try body.map {
            String(decoding: try JSONSerialization.data(withJSONObject: $0), as: UTF8.self)
        }
        return try await http.send(request(method, "/app/v1/\(path)", headers, body: text))
    }

    /// With a key that is not its own, if one is given.
    func enroll(_ device: String = "phone", key: String? = nil) async throws -> RawHTTP.Answer {
        try await send(
            "POST", "enrollments",
            ["device_id": device, "device_name": "Pixel", "public_key": key ?? keys.publicKey])
    }

    /// Enrolls and gives the enrollment's id.
    func enrolled(_ device: String = "phone") async throws -> String {
        let answer = try await enroll(device)
        try #require(answer.status == 201)
        return try #require(try answer.json()["enrollment_id"] as? String)
    }

    func list() async throws -> RawHTTP.Answer { try await send("GET", "enrollments") }

    func revoke(_ enrollment: String) async throws -> RawHTTP.Answer {
        try await send("DELETE", "enrollments/\(enrollment)")
    }

    /// What it would submit, signed. `prompt` is what a scan has shown.
    func submission(
        _ enrollment: String, _ otp: String, _ action: SubmissionAction, prompt: String? = nil,
        at offset: Duration = .zero
    ) throws -> [String: String] {
        let id = try #require(Identifier(enrollment))
        let signed = try SignedSubmission(
            action, otp, of: id, prompt: prompt, at: offset, by: keys, context)
        var body = ["enrollment_id": enrollment, "otp": otp, "action": action.rawValue]
        body["signed_at"] = signed.text.signedAt
        body["prompt_digest"] = signed.text.promptDigest
        body["signature"] = signed.signature
        return body
    }

    func submit(_ submission: [String: String]) async throws -> RawHTTP.Answer {
        try await send("POST", "submissions", submission)
    }

    func submit(
        _ enrollment: String, _ otp: String, _ action: SubmissionAction, prompt: String? = nil
    ) async throws -> RawHTTP.Answer {
        try await submit(submission(enrollment, otp, action, prompt: prompt))
    }
}

/// Starts a sign-in over HTTP: its id and its code.
func startSignIn(_ site: GatewaySite, _ http: RawHTTP) async throws -> (id: String, otp: String) {
    let headers = ["Authorization": site.basic, "Content-Type": "application/x-www-form-urlencoded"]
    let body = "type=otp&callback_uri=https%3A%2F%2Fwww.myportal.com%2Fcallback&reference=session-42"
    let answer = try await http.send(request("POST", "/oauth/api/v4/authenticate/user", headers, body: body))
    let json = try answer.json()
    return (
        try #require(json["transaction_id"] as? String, "\(answer.text)"),
        try #require(json["otp"] as? String)
    )
}

func signInResult(_ site: GatewaySite, _ http: RawHTTP, _ id: String, wait: Int? = nil) async throws
    -> [String: Any]
{
    let query = wait.map { "?wait=\($0)" } ?? ""
    let path = "/oauth/api/v4/authenticate/transaction/\(id)\(query)"
    return try await http.send(request("GET", path, ["Authorization": site.basic])).json()
}
