import Administration
import Countersign
import Hummingbird
import Logging
import Postgres

/// The operators' web page: rendered here, kept up to date by server-sent events, and without a script it still works.
///
/// Accounts are `countersign operator`'s. A session is a cookie that only this server can read (`Secure`, `HttpOnly`,
/// `SameSite=Strict`); what changes something is a form of a page of ours, proven by a token that is made from the
/// cookie, and is an audit event that names the operator.
struct Console: Sendable {
    static let cookie = "countersign_session"
    static let over = "Your session is over: sign in again. Nothing was changed since."

    let pool: Pool
    let logger: Logger
    let throttle = LoginThrottle()
    let streams = StreamLimit()

    func addRoutes(to router: Router<BasicRequestContext>) {
        router.get("console") { _, _ in Response.redirect("/console/queues") }
        router.get("console/style.css") { _, _ in
            Response.asset(EmbeddedFiles.`Console/style.css`, type: "text/css")
        }
        router.get("console/console.js") { _, _ in
            Response.asset(EmbeddedFiles.`Console/console.js`, type: "text/javascript")
        }
        router.get("console/login") { request, _ in
            let query = request.uri.queryParameters
            let next = query.get("next").flatMap { ConsolePage(rawValue: $0) }
            let problem = query.get("over").map { _ in Self.over }
            return Response.page(ConsolePage.login(problem: problem, next: next))
        }
        router.post("console/login") { request, _ in try await login(request) }
        router.post("console/logout") { request, _ in try await logout(request) }
        router.post("console/act") { request, _ in try await act(request) }
        router.get("console/live/:page") { request, context in
            try await live(request, context.parameters.get("page"))
        }
        router.get("console/:page") { request, context in
            try await show(request, context.parameters.get("page"))
        }
    }

    private func show(_ request: Request, _ name: String?) async throws -> Response {
        guard let page = name.flatMap(ConsolePage.init) else {
            return .plainError(.notFound, "There is no such page.")
        }
        return try await answering {
            try await pool.withConnection { connection in
                guard let session = try await session(of: request, &connection) else {
                    return .toLogin(request, next: page)
                }
                let query = request.uri.queryParameters
                let notice = query.get("notice").flatMap {
                    session.proof(of: $0) == query.get("proof") ? $0 : nil
                }
                let inner = try await page.render(query.get("id"), session.frame, &connection)
                return .page(page.frame(inner, notice: notice, session.frame))
            }
        }
    }

    func session(of request: Request, _ connection: inout Connection) async throws -> OperatorSession? {
        guard let token = request.cookies[Self.cookie]?.value, token.utf8.count == 64 else { return nil }
        let session = try await OperatorSession.find(token, &connection)
        if let session { LogContext.note("operator", session.name) }
        return session
    }

    /// A login that may not do what the console does is the installation's mistake, and said so.
    func answering(_ body: () async throws -> Response) async throws -> Response {
        do {
            return try await body()
        } catch {
            guard let error = PostgresError(in: error) else { throw error }
            logger.warning("console request failed", metadata: ["error": "\(error)"])
            if error.state == "42501" {
                return .plainError(
                    .serviceUnavailable,
                    "The console needs a database login in countersign_admin: set COUNTERSIGN_OPERATIONS_DATABASE_URL."
                )
            }
            return .plainError(.serviceUnavailable, "The database cannot be asked at this moment.")
        }
    }
}

extension OperatorSession {
    var frame: PageFrame { PageFrame(operatorName: name, isAdmin: isAdmin, formToken: formToken) }
}
