import Countersign
import HTTPService
import Hummingbird
import Postgres

/// The API for visitors' pages. A page has the token of the request that it shows, in the header or, where a browser asks
/// nobody before it sends it, in the form; never in the address, which others log.
struct BrowserRoutes: Sendable {
    static let root = "/browser/v1/sign-ins/{transaction_id}"
    /// Seconds that news may be waited for.
    static let longestWait = 25

    let browsers: BrowserSignIns
    let origins: AllowedOrigins
    let places: StreamPlaces
    let template: LinkTemplate?
    private let wrong = RefusalCounts(.init(name: 100, network: 100))

    init(
        _ browsers: BrowserSignIns, _ origins: AllowedOrigins, _ places: StreamPlaces,
        _ template: LinkTemplate?
    ) {
        (self.browsers, self.origins, self.places, self.template) = (browsers, origins, places, template)
    }

    var all: [Route] {
        let gets = [(Self.root, state), ("\(Self.root)/events", events)]
        let posts = [("\(Self.root)/confirm", confirm), ("\(Self.root)/cancel", cancel)]
        return gets.map { path, body in Route(.get, path) { try await answer($0, body) } }
            + posts.map { path, body in Route(.post, path) { try await answer($0, body) } }
            + (gets + posts).map { path, _ in Route(.options, path, preflight) }
    }

    /// Who asks, with which token, and how things stand.
    private struct Caller: Sendable {
        let call: BrowserCall
        let look: BrowserLook
        let asker: String
        let form: Form?
    }

    private typealias Body = @Sendable (IncomingRequest, Caller) async throws -> Response

    /// Also an error may be read by the page that it concerns.
    private func answer(_ request: IncomingRequest, _ body: Body) async throws -> Response {
        let headers = origins.headers(request)
        do {
            var response = try await body(request, try await caller(request))
            for field in headers { response.headers[field.name] = field.value }
            return response
        } catch var problem as Problem {
            for field in headers { problem.headers[field.name] = field.value }
            throw problem
        }
    }

    private func caller(_ request: IncomingRequest) async throws -> Caller {
        let asker = request.client?.network.description ?? ""
        let header = request.headers[.authorization]
        let form =
            request.request.method == .post && (header == nil || request.headers[.contentType] != nil)
            ? try await request.form() : nil
        let token = header == nil ? form?["browser_token"] : request.credentials("bearer")
        guard let call = try call(request, token) else {
            throw refusal(request)
        }
        LogContext.note("transaction_id", call.transactionID.description)
        do {
            let look = try await browsers.look(call, asker: asker)
            try await origins.check(request, look.portal)
            LogContext.note("portal", look.portal)
            return Caller(call: call, look: look, asker: asker, form: form)
        } catch let problem as Problem where problem.status == .unauthorized {
            throw refusal(request)
        }
    }

    private func call(_ request: IncomingRequest, _ token: String?) throws -> BrowserCall? {
        let id = Identifier(try request.parameter("transaction_id"))
        guard let id, let token = token.flatMap({ BrowserToken($0) }) else { return nil }
        return BrowserCall(transactionID: id, token: token)
    }

    private func refusal(_ request: IncomingRequest) -> Problem {
        guard wrong.count("browser", from: request.client) == .counted else {
            return Problem(
                .tooManyRequests, "temporarily_unavailable",
                "too many wrong tokens from your address; wait a minute", [.retryAfter: "60"])
        }
        return BrowserSignIns.invalidToken
    }

    /// A browser asks before it sends the header. Whether its page may show the sign-in, the token's portal decides.
    @Sendable private func preflight(_ request: IncomingRequest) async throws -> Response {
        var headers = origins.headers(request)
        headers[.accessControlAllowMethods] = "GET, POST"
        headers[.accessControlAllowHeaders] = "authorization, content-type"
        headers[.accessControlMaxAge] = "7200"
        return .empty(.noContent, headers)
    }
}

/// What a page may do.
extension BrowserRoutes {
    @Sendable private func events(_ request: IncomingRequest, _ caller: Caller) async throws -> Response {
        let stream = BrowserStream(
            browsers: browsers, call: caller.call, asker: caller.asker, template: template,
            place: try places.take(caller.call.transactionID, caller.look.portal, request.client),
            first: caller.look)
        // Proxies that collect what passes (nginx) let this through at once.
        return .events([.xAccelBuffering: "no"]) { try await stream.run(&$0) }
    }

    @Sendable private func state(_ request: IncomingRequest, _ caller: Caller) async throws -> Response {
        let query = try request.query()
        let call = caller.call
        var (look, step) = (caller.look, caller.look.step(call))
        let deadline = ContinuousClock.now + .seconds(try seconds(query["wait"]))
        guard let known = query["known"], ContinuousClock.now < deadline else {
            return .json(BrowserState(look, step, of: call, template))
        }
        let place = try places.take(call.transactionID, look.portal, request.client)
        defer { place.end() }
        let notifications = browsers.signIns.notifications
        let news = notifications.wait(for: call.transactionID, on: look.channel)
        while BrowserState.version(look, step) == known, !look.isFinal, !notifications.isClosed,
            !place.isDisplaced
        {
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .zero else { break }
            let isNews = await news.wait(min(left, look.pause(step)))
            if look.isStale(isNews) { look = try await browsers.look(call, asker: caller.asker) }
            step = look.step(call)
        }
        return .json(BrowserState(look, step, of: call, template))
    }

    private func seconds(_ text: String?) throws(Problem) -> Int {
        guard let text else { return 0 }
        guard text.utf8.count < 4, let wait = Int(text), (0...Self.longestWait).contains(wait) else {
            throw .invalidRequest("wait must lie between 0 and \(Self.longestWait) seconds")
        }
        return wait
    }

    @Sendable private func confirm(_ request: IncomingRequest, _ caller: Caller) async throws -> Response {
        try await browsers.confirm(caller.form?["code"], caller.call, caller.look)
        let look = try await browsers.look(caller.call, asker: caller.asker)
        return .json(BrowserState(look, look.step(caller.call), of: caller.call, template))
    }

    @Sendable private func cancel(_ request: IncomingRequest, _ caller: Caller) async throws -> Response {
        try await browsers.cancel(caller.call, caller.look)
        return .empty(.noContent)
    }
}
