import Foundation
import Testing

/// The app of one user, over HTTP.
struct Phone: Sendable {
    let http: RawHTTP
    let token: String

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

    func enroll(_ device: String = "phone") async throws -> RawHTTP.Answer {
        try await send("POST", "enrollments", ["device_id": device, "device_name": "Pixel"])
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

    func submit(
        _ enrollment: String, _ otp: String, _ action: String, _ more: [String: String] = [:]
    ) async throws -> RawHTTP.Answer {
        let body = ["enrollment_id": enrollment, "otp": otp, "action": action].merging(more) { $1 }
        return try await send("POST", "submissions", body)
    }
}

/// Starts a sign-in over HTTP: its id and its code.
func startSignIn(_ site: Site, _ http: RawHTTP) async throws -> (id: String, otp: String) {
    let headers = ["Authorization": site.basic, "Content-Type": "application/x-www-form-urlencoded"]
    let body = "type=otp&callback_uri=https%3A%2F%2Fwww.myportal.com%2Fcallback&reference=session-42"
    let answer = try await http.send(request("POST", "/oauth/api/v4/authenticate/user", headers, body: body))
    let json = try answer.json()
    return (try #require(json["transaction_id"] as? String), try #require(json["otp"] as? String))
}

func signInResult(_ site: Site, _ http: RawHTTP, _ id: String, wait: Int? = nil) async throws -> [String: Any]
{
    let query = wait.map { "?wait=\($0)" } ?? ""
    let path = "/oauth/api/v4/authenticate/transaction/\(id)\(query)"
    return try await http.send(request("GET", path, ["Authorization": site.basic])).json()
}
