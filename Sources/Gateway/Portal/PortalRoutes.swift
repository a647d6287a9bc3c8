import Countersign
import HTTPService
import Hummingbird
import Postgres

/// The API for portals: version 4 of the Access API for sign-ins by code, with a long poll and a cancellation.
struct PortalRoutes: Sendable {
    static let root = "/oauth/api/v4/authenticate"
    /// Seconds that a result may be waited for.
    static let longestWait = 60

    let authentication: PortalAuthentication
    let cells: Cells
    let waits: PortalWaits

    var all: [Route] {
        [
            Route(.post, "\(Self.root)/user", start),
            Route(.get, "\(Self.root)/transaction/{transaction_id}", result),
            Route(.delete, "\(Self.root)/transaction/{transaction_id}", cancel),
            Route(.post, "\(Self.root)/transaction/{transaction_id}/confirm", confirm),
            Route(.post, "\(Self.root)/transaction/{transaction_id}/otp", shownCode),
            Route(.post, "\(Self.root)/transaction/{transaction_id}/redeem", redeem),
            Route(.get, "\(Self.root)/user/{user_id}/enabled", userTypes),
            Route(.get, "\(Self.root)/user/{user_id}/device/{device_id}/enabled", deviceTypes),
        ]
    }

    private struct Start: Encodable {
        let transaction_id: String
        let auth_method: String
        let time_to_live: Int
        let otp: String
        /// Of a type whose codes rotate.
        var otp_seed: String?
        var otp_valid_until: Int64?
        /// For the visitor's page; of portals that have an origin.
        var browser_token: String?
    }

    private struct Shown: Encodable {
        let transaction_id: String
        let otp: String?
        /// In milliseconds since 1970.
        let otp_valid_until: Int64?
    }

    @Sendable private func start(_ request: IncomingRequest) async throws -> Response {
        let (portal, form) = try await posted(request)
        if form["user_id"] != nil {
            throw PortalProblem.invalidParameter("user_id must not be given: a code names no user")
        }
        let draft = SignIns.Draft(
            type: form["type"], callbackURI: form["callback_uri"], message: form["message"],
            secureMessage: form["secure_message"],
            languageCode: SignInContext.language(form["language_code"]),
            ipAddress: SignInContext.address(form["ip_address"]),
            userAgent: SignInContext.userAgent(form["user_agent"]), reference: form["reference"],
            traceparent: request.traceparent,
            browserID: SignInContext.browserID(form["browser_id"]),
            returnURI: form["return_uri"])
        let cell = cells[portal]
        let hasPages = try await mapped(portal) { try await cell.origins.all()[portal.name] != nil }
        let started = try await mapped(portal) {
            try await waits.run(portal.name) { try await cell.signIns.start(draft, of: portal) }
        }
        let token =
            hasPages
            ? try await cell.signIns.orCancel(started.transactionID, of: portal) {
                try await cell.browsers.token(for: started, of: portal)
            } : nil
        return .json(
            Start(
                transaction_id: started.transactionID.description, auth_method: "otp",
                time_to_live: Int(started.timeToLive / .milliseconds(1)),
                otp: started.first?.otp ?? started.otp,
                otp_seed: started.first.map { _ in started.otp },
                otp_valid_until: started.first.map { $0.validUntil.microseconds / 1_000 },
                browser_token: token?.text))
    }

    /// Who posts what. Credentials in a header are looked at before the form is read.
    private func posted(_ request: IncomingRequest) async throws -> (KnownPortal, Form) {
        let hasHeader = request.headers[.authorization] != nil
        let early = hasHeader ? try await authentication.portal(request) : nil
        let form = try await form(of: request)
        let portal = if let early { early } else { try await authentication.portal(request, form) }
        return (portal, form)
    }

    private func form(of request: IncomingRequest) async throws -> Form {
        do {
            return try await request.form(lenient: ["user_agent"])
        } catch let problem as Problem where problem.status == .badRequest {
            throw PortalProblem.invalidParameter(problem.description)
        }
    }

    @Sendable private func result(_ request: IncomingRequest) async throws -> Response {
        let portal = try await authentication.portal(request)
        let id = try transaction(request)
        let query = try request.query()
        let wait = try seconds(query["wait"])
        let known = try known(query["known"])
        func look() async throws -> TransactionResult {
            try await cells[portal].signIns.result(id, of: portal, wait: .seconds(wait), known: known)
        }
        let result = try await mapped(portal) {
            wait > 0 ? try await waits.poll(portal.name) { try await look() } : try await look()
        }
        return .json(result)
    }

    @Sendable private func shownCode(_ request: IncomingRequest) async throws -> Response {
        let (portal, form) = try await posted(request)
        let id = try transaction(request)
        let shown = try await mapped(portal) {
            try await cells[portal].signIns.shownCode(id, seed: form["seed"], of: portal)
        }
        return .json(
            Shown(
                transaction_id: id.description, otp: shown?.otp,
                otp_valid_until: shown.map { $0.validUntil.microseconds / 1_000 }))
    }

    /// It needs no body; one may carry the credentials, as of the other posts.
    @Sendable private func redeem(_ request: IncomingRequest) async throws -> Response {
        let (portal, code): (KnownPortal, String?)
        if request.headers[.contentType] != nil {
            let (known, form) = try await posted(request)
            (portal, code) = (known, form["response_code"])
        } else {
            (portal, code) = (try await authentication.portal(request), nil)
        }
        let id = try transaction(request)
        return .json(
            try await mapped(portal) { try await cells[portal].signIns.redeem(id, code: code, of: portal) })
    }

    @Sendable private func confirm(_ request: IncomingRequest) async throws -> Response {
        let (portal, form) = try await posted(request)
        let id = try transaction(request)
        return .json(
            try await mapped(portal) {
                try await cells[portal].signIns.confirm(id, code: form["code"], of: portal)
            })
    }

    @Sendable private func cancel(_ request: IncomingRequest) async throws -> Response {
        let portal = try await authentication.portal(request)
        let id = try transaction(request)
        _ = try await mapped(portal) { try await cells[portal].signIns.cancel(id, of: portal) }
        return .empty(.noContent)
    }

    private func transaction(_ request: IncomingRequest) throws(Problem) -> Identifier {
        guard let id = Identifier(try request.parameter("transaction_id")) else {
            throw PortalProblem.unknownTransaction
        }
        LogContext.note("transaction_id", id.description)
        return id
    }

    /// A word that is none would be another than that of any request, and no poll would wait.
    private func known(_ text: String?) throws(Problem) -> String? {
        guard let text else { return nil }
        guard RequestStatus(rawValue: text) != nil else {
            let words = RequestStatus.allCases.map(\.rawValue).joined(separator: ", ")
            throw PortalProblem.invalidParameter("known must be one of \(words)")
        }
        return text
    }

    private func seconds(_ text: String?) throws(Problem) -> Int {
        guard let text else { return 0 }
        guard text.utf8.count < 4, let wait = Int(text), (0...Self.longestWait).contains(wait) else {
            throw PortalProblem.invalidParameter("wait must lie between 0 and \(Self.longestWait) seconds")
        }
        return wait
    }

    private func mapped<T>(
        _ portal: KnownPortal, _ body: () async throws -> sending T
    ) async throws -> sending T {
        do {
            return try await body()
        } catch {
            throw PortalProblem.from(error, isEnabled: portal.isEnabled)
        }
    }
}

/// The look-ups.
extension PortalRoutes {
    private struct EnabledType: Encodable {
        let type: String
        let method: String
    }

    @Sendable private func userTypes(_ request: IncomingRequest) async throws -> Response {
        let types = try await types(request, of: request.parameter("user_id")).map {
            EnabledType(type: $0, method: $1.uppercased())
        }
        return .json(["enabled": types])
    }

    @Sendable private func deviceTypes(_ request: IncomingRequest) async throws -> Response {
        let (user, device) = (try request.parameter("user_id"), try request.parameter("device_id"))
        return .json(["enabled": try await types(request, of: user, device: device).map(\.name)])
    }

    private func types(
        _ request: IncomingRequest, of user: String, device: String? = nil
    ) async throws -> [(name: String, method: String)] {
        let portal = try await authentication.portal(request)
        return try await mapped(portal) {
            try await cells[portal].signIns.database.run(
                .portal(portal.name), FindEnabledTypes(user: user, device: device)
            ).all()
        }
    }
}
