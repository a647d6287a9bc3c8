import Foundation
import Gateway
import Support
import Testing

/// A portal whose pages show its sign-ins, a phone, and what a page sends.
struct PageSite: Sendable {
    /// The last chunk (RFC 9112 section 7.1).
    static let streamEnd = "\r\n0\r\n\r\n"
    static let origin = "https://www.myportal.com"

    let site: GatewaySite
    let http: RawHTTP
    let phone: HTTPPhone
    let enrollment: String

    /// A started sign-in as its page knows it.
    struct Page: Sendable {
        let id: String
        let otp: String
        let token: String
    }

    static func run(
        _ settings: String? = nil, expiresIn: Int = 180,
        _ configure: (inout GatewayConfiguration) -> Void = { _ in },
        _ body: (PageSite) async throws -> Void
    ) async throws {
        let site = try await GatewaySite.make(expiresIn: expiresIn)
        if let settings {
            try await Database.current.arrange("UPDATE countersign.auth_types SET \(settings)")
        }
        try await allow(origin, of: site.portal)
        let issuer = try TokenIssuer()
        try await withSite(
            site,
            { configuration in
                configuration.tokens = issuer.rules(app: site.app)
                configure(&configuration)
            }
        ) { http in
            let phone = try HTTPPhone(http: http, token: try issuer.token())
            try await body(
                PageSite(site: site, http: http, phone: phone, enrollment: try await phone.enrolled()))
        }
    }

    static func allow(_ origin: String, of portal: String) async throws {
        try await Database.current.arrange(
            """
            INSERT INTO countersign.browser_origins
            SELECT portal_id, '\(origin)' FROM countersign.portals WHERE name = '\(portal)'
            """)
    }

    /// - Parameter fields: further ones, each after `&`.
    func start(_ fields: String = "") async throws -> Page {
        let json = try await startJSON(site, http, fields)
        return Page(
            id: try #require(json["transaction_id"] as? String), otp: try #require(json["otp"] as? String),
            token: try #require(json["browser_token"] as? String))
    }

    func ask(
        _ page: Page, _ path: String = "", _ headers: [String: String] = [:]
    ) async throws -> RawHTTP.Answer {
        try await ask(page.id, page.token, path, headers)
    }

    func ask(
        _ id: String, _ token: String, _ path: String = "", _ headers: [String: String] = [:]
    ) async throws -> RawHTTP.Answer {
        let all = headers.merging(["Authorization": "Bearer \(token)"]) { own, _ in own }
        return try await http.send(request("GET", "/browser/v1/sign-ins/\(id)\(path)", all))
    }

    func post(_ page: Page, _ path: String, _ fields: String = "") async throws -> RawHTTP.Answer {
        let headers = ["Content-Type": "application/x-www-form-urlencoded", "Origin": Self.origin]
        let body = "browser_token=\(page.token)\(fields)"
        return try await http.send(
            request("POST", "/browser/v1/sign-ins/\(page.id)\(path)", headers, body: body))
    }

    /// The stream of its events, until `body` returns.
    func events<T: Sendable>(
        _ page: Page, _ body: (RawConnection) async throws -> T
    ) async throws -> T {
        let headers = ["Authorization": "Bearer \(page.token)", "Origin": Self.origin]
        let text = request("GET", "/browser/v1/sign-ins/\(page.id)/events", headers)
        return try await http.connected { connection in
            try await connection.send(text)
            return try await body(connection)
        }
    }
}

/// What a start over HTTP answers.
func startJSON(_ site: GatewaySite, _ http: RawHTTP, _ fields: String = "") async throws -> [String: Any] {
    try await startAnswer(site, http, fields).json()
}

/// - Parameter fields: further ones, each after `&`.
func startAnswer(
    _ site: GatewaySite, _ http: RawHTTP, _ fields: String = ""
) async throws -> RawHTTP.Answer {
    let headers = ["Authorization": site.basic, "Content-Type": "application/x-www-form-urlencoded"]
    let body = "type=otp&callback_uri=https%3A%2F%2Fwww.myportal.com%2Fcallback\(fields)"
    return try await http.send(request("POST", "/oauth/api/v4/authenticate/user", headers, body: body))
}
