import Administration
import Countersign
import HTTPService
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
    static let noPage = Problem(.notFound, "not_found", "There is no such page.")
    static let forAdmins = Problem(.forbidden, "read_only", "Users and accounts are for administrators.")
    static let over = "Your session is over: sign in again. Nothing was changed since."

    let pool: Pool
    /// Nil where lists of what has been are the primary's, too.
    let history: HistoryServer?
    let logger: Logger
    /// Where it is written down what operators have done.
    let journal: Journal?
    let refused = RefusalCounts(.init(name: 5, network: 30, all: 300))
    let streams = StreamLimit()
    let background: ConsoleBackground

    init(pool: Pool, history: HistoryServer?, journal: Journal?, logger: Logger) {
        (self.pool, self.history, self.journal, self.logger) = (pool, history, journal, logger)
        background = ConsoleBackground(pool: pool, logger: logger)
    }

    var routes: [Route] {
        let pages = [
            Route(.get, "/console/login", showLogin), Route(.post, "/console/login", login),
            Route(.post, "/console/logout", logout), Route(.post, "/console/act", act),
            Route(.post, "/console/second-factor", addSecondFactor),
            Route(.get, "/console/export/events", exportEvents), Route(.get, "/console/{page}", show),
        ]
        let others = [
            Route(.get, "/console") { _ in .redirect("/console/overview") },
            Route(.get, "/console/style.css") { _ in
                .asset(EmbeddedFiles.`Console/style.css`, type: "text/css")
            },
            Route(.get, "/console/console.js") { _ in
                .asset(EmbeddedFiles.`Console/console.js`, type: "text/javascript")
            },
            Route(.get, "/console/icon.svg") { _ in
                .asset(EmbeddedFiles.`Console/icon.svg`, type: "image/svg+xml")
            },
            Route(.get, "/console/live/{page}", live),
        ]
        return others + pages.map { ConsoleProblem.paging($0, self) }
    }

    @Sendable private func showLogin(_ request: IncomingRequest) throws -> Response {
        let query = try request.query()
        let problem = query["over"].map { _ in Self.over }
        return .page(ConsolePage.login(problem: problem, next: query["next"].flatMap(ConsolePlace.init)))
    }

    @Sendable private func show(_ request: IncomingRequest) async throws -> Response {
        let place = try place(request)
        return try await answering {
            let query = try request.query()
            let looked = try await look(place, request)
            guard let (session, inner) = looked else { return .toLogin(request, next: place) }
            guard let inner else { return .redirect("/console/requests") }
            let notice = query["notice"].flatMap { session.proof(of: $0) == query["proof"] ? $0 : nil }
            return .page(place.frame(inner, notice: notice, frame(of: session)))
        }
    }

    typealias Looked = (session: ConsoleSession, inner: String?)

    /// The inner part of a page and whose session it is; nil without a session. A viewer who is bound to a portal has no
    /// overview.
    ///
    /// - Parameter follows: whether it is for a page that follows by itself.
    func look(
        _ place: ConsolePlace, _ request: IncomingRequest, follows: Bool = false
    ) async throws -> Looked? {
        let isElsewhere = history != nil && place.isHistory
        let looked = try await pool.withConnection { connection -> Looked? in
            guard let session = try await session(of: request, isUsed: !follows, &connection) else {
                return nil
            }
            if isElsewhere || session.portal != nil && place.page == .overview { return (session, nil) }
            return (session, try await place.render(frame(of: session, follows: follows), &connection))
        }
        guard isElsewhere, let whose = looked?.session else { return looked }
        let shown = frame(of: whose, follows: follows)
        return (whose, try await readHistory { try await place.render(shown, until: $1, &$0) })
    }

    /// Reads what has been, from the standby where there is one that can be asked; until when it has everything.
    func readHistory<T: Sendable>(
        _ body: @Sendable (inout Connection, _ until: Timestamp?) async throws -> T
    ) async throws -> T {
        if let found = try await history?.read(body) { return found }
        return try await pool.withConnection { try await body(&$0, nil) }
    }

    /// Of path and query. Fails with 404.
    func place(_ request: IncomingRequest) throws(Problem) -> ConsolePlace {
        guard let page = ConsolePage(rawValue: try request.parameter("page")) else {
            throw Self.noPage
        }
        return ConsolePlace(page, try request.query().values)
    }

    /// - Parameter isUsed: whether somebody asks, and not a page that follows by itself.
    func session(
        of request: IncomingRequest, isUsed: Bool = true, _ connection: inout Connection
    ) async throws -> ConsoleSession? {
        guard let token = request.sessionToken, token.utf8.count == 64 else { return nil }
        let session = try await ConsoleSession.find(token, isUsed: isUsed, &connection)
        if let session { LogContext.note("operator", session.name) }
        return session
    }

    func frame(of session: ConsoleSession, follows: Bool = false) -> PageFrame {
        PageFrame(
            operatorName: session.name, role: session.role, portal: session.portal,
            formToken: session.formToken,
            background: background, follows: follows)
    }

    /// A login that may not do what the console does is the installation's mistake, and said so.
    func answering(_ body: () async throws -> Response) async throws -> Response {
        do {
            return try await body()
        } catch {
            guard let failure = PostgresError(in: error), failure.state == .insufficientPrivilege else {
                throw error
            }
            logger.warning("console request failed", metadata: ["error": "\(failure)"])
            throw Problem(
                .serviceUnavailable, "temporarily_unavailable",
                "The console needs a database login in countersign_admin: set COUNTERSIGN_OPERATIONS_DATABASE_URL."
            )
        }
    }
}
