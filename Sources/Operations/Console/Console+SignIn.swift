import Administration
import Countersign
import HTTPService
import Hummingbird
import Logging
import Postgres

/// Signing in and out.
extension Console {
    @Sendable func login(_ request: IncomingRequest) async throws -> Response {
        guard request.isFromOwnPage else {
            throw Problem(.forbidden, "foreign_form", "This form was not sent by a page of ours.")
        }
        let fields = try await request.form().values
        let next = fields["next"].flatMap(ConsolePlace.init)
        guard !request.isOverPlainHTTP else {
            return .page(ConsolePage.login(problem: Self.plain, next: next), status: .badRequest)
        }
        let (name, password) = (fields["name"] ?? "", fields["password"] ?? "")
        guard !password.isEmpty, password.utf8.count <= 256 else {
            let problem = "A password has 1 to 256 characters."
            return .page(ConsolePage.login(problem: problem, next: next), status: .unauthorized)
        }
        return try await answering {
            try await pool.withConnection { connection in
                do throws(any Error) {
                    try await connection.run(SpeakAs(actor: "console:\(name)"))
                    let token = try await ConsoleSession.begin(
                        name, password: password, code: fields["code"] ?? "", &connection)
                    logger.notice(
                        "operator signed in",
                        metadata: ["operator": "\(name)", "client": "\(request.clientText)"])
                    let place = next ?? ConsolePlace(.overview)
                    return .redirect(place.address, cookie: "\(token); Max-Age=28800")
                } catch let refusal as ConsoleSession.Refusal {
                    return try await refuse(name, refusal, next, request, &connection)
                }
            }
        }
    }

    private func refuse(
        _ name: String, _ refusal: ConsoleSession.Refusal, _ next: ConsolePlace?, _ request: IncomingRequest,
        _ connection: inout Connection
    ) async throws -> Response {
        let isWithinLimit = try await record(name, refusal.rawValue, request, &connection)
        let problem = isWithinLimit ? refusal.sentence : Self.tooMany
        return .page(
            ConsolePage.login(problem: problem, next: next),
            status: isWithinLimit ? .unauthorized : .tooManyRequests)
    }

    /// Writes who was refused into log and audit trail, which nobody can flood. False when there were too many.
    func record(
        _ name: String, _ reason: String, _ request: IncomingRequest, _ connection: inout Connection
    ) async throws -> Bool {
        let verdict = refused.count(name, from: request.client)
        guard verdict != .tooMany else { return false }
        let reason = verdict == .counted ? reason : "too many: those of the next minute are not recorded"
        // Nobody has shown to be that name.
        try await connection.run(SpeakAs(actor: "console"))
        try await connection.run(AuditRefusal(name: name, address: request.clientText, reason: reason))
        logger.warning(
            "console sign-in refused",
            metadata: [
                "operator": "\(ConsoleAccount.isName(name) ? name : "?")", "client": "\(request.clientText)",
                "error": "\(reason)",
            ])
        return verdict == .counted
    }

    @Sendable func logout(_ request: IncomingRequest) async throws -> Response {
        try await answering {
            let fields = try await request.form().values
            try await pool.withConnection { connection in
                guard let session = try await session(of: request, &connection),
                    isGenuine(request, fields, session), let token = request.sessionToken
                else { return }
                try await ConsoleSession.end(token, &connection)
            }
            return .redirect("/console/login", cookie: "; Max-Age=0")
        }
    }

    static let tooMany = "There were too many wrong passwords from your address. A right one is let in."
    static let plain =
        "Signing in cannot work here: this page was opened over plain HTTP, and browsers keep the console's "
        + "cookie for HTTPS and for the machine itself. Open it as http://127.0.0.1 through ssh -L, or put a "
        + "proxy with TLS before it."
}

extension ConsoleSession.Refusal {
    fileprivate var sentence: String {
        switch self {
        case .password: "The name or the password is wrong."
        case .code:
            "The code of the second factor is missing or wrong. Each code counts once: wait for the next."
        case .tooManyCodes: "Too many codes were tried for this account: wait a quarter of an hour."
        }
    }
}

extension IncomingRequest {
    /// The client's address for logs.
    var clientText: String { client.map { "\($0)" } ?? "?" }

    /// Browsers say where a request comes from; who says nothing is none.
    var isFromOwnPage: Bool {
        if let site = headers[.secFetchSite] { return site == "same-origin" }
        guard let origin = headers[.origin] else { return false }
        return origin.split(separator: "/").last.map(String.init) == request.head.authority
    }

    /// Whether the browser shows our page over plain HTTP, from another machine: then it keeps no `Secure` cookie.
    /// Browsers take `localhost` and loopback for safe (Secure Contexts, section 3.1).
    var isOverPlainHTTP: Bool {
        guard let origin = headers[.origin], origin.utf8.starts(with: "http://".utf8) else { return false }
        let host = AllowedHosts.withoutPort(String(origin.dropFirst("http://".utf8.count))).lowercased()
        if let address = IPAddress(host)?.unmapped { return !address.isLoopback }
        return host != "localhost" && !host.hasSuffix(".localhost")
    }
}

extension IPAddress {
    fileprivate var isLoopback: Bool { isVersion4 ? bytes[0] == 127 : description == "::1" }
}
