import Countersign
import HTTPService
import Hummingbird
import Postgres

/// What pages ask for, each with the token of its own request: asked for many at once.
struct BrowserSignIns: Sendable {
    let signIns: SignIns
    private let looks: Gathering<BrowserCall, BrowserLook?>
    private let collections: Gathering<BrowserCall, Void>
    /// Whether it is kept.
    private let tokens: Gathering<StoreBrowserTokens.New, Bool>

    /// Of a wrong token it is not said what is wrong, nor whether there is such a request.
    static let invalidToken = Problem(
        .unauthorized, "invalid_token",
        "the browser token is not that of this sign-in, or the sign-in has ended some time ago",
        [.wwwAuthenticate: "Bearer error=\"invalid_token\""])

    init(_ signIns: SignIns) {
        self.signIns = signIns
        let database = signIns.database
        looks = Gathering(most: 200) { calls in
            let found = try await database.run(.server("browsers"), FindBrowserStates(calls: calls)).all()
            let looks = Dictionary(found.map { ($0.place, $0.look) }) { first, _ in first }
            return calls.indices.map { .some(looks[$0 + 1]) }
        }
        collections = Gathering(most: 200) { calls in
            _ = try await database.run(.server("browsers"), CollectForBrowsers(calls: calls))
            return calls.map { _ in () }
        }
        tokens = Gathering(most: 200) { new in
            let kept = try await database.run(
                .server("browsers"), after: [Step(StoreBrowserTokens(tokens: new))],
                FindBrowserStates(calls: new.map(\.call))
            ).all()
            let places = Set(kept.map(\.place))
            return new.indices.map { places.contains($0 + 1) }
        }
    }

    /// A token for the page that shows that request, whose code was collected. Fails with 503 when the portal gives it
    /// one itself.
    func token(for started: SignIns.Started, of portal: KnownPortal) async throws -> BrowserToken {
        let token = BrowserToken()
        // Behind the 16 bytes of the id.
        let secret = base64URLDecoded(started.otp.utf8)?.dropFirst(16) ?? []
        let new = StoreBrowserTokens.New(
            portal: portal.name, call: BrowserCall(transactionID: started.transactionID, token: token),
            code: token.combined(secret))
        guard try await tokens.ask(new, lane: portal.name) else { throw PortalProblem.failedToStart }
        return token
    }

    /// How the request stands. Fails with 401 for a token that is not its own.
    ///
    /// - Parameter asker: who asks; askers take turns.
    func look(_ call: BrowserCall, asker: String) async throws -> BrowserLook {
        var found = try await looks.ask(call, lane: asker)
        if found?.lacksCode == true {
            try await collections.ask(call, lane: asker)
            found = try await looks.ask(call, lane: asker)
        }
        guard let found else { throw Self.invalidToken }
        return found
    }

    /// Ends it, if it is still open.
    func cancel(_ call: BrowserCall, _ look: BrowserLook) async throws {
        guard !look.isFinal else { return }
        _ = try await signIns.cancel(call.transactionID, of: look.knownPortal)
    }

    /// Gives the number that the visitor has typed. Fails with 400 when none is asked for, or that is none.
    func confirm(_ code: String?, _ call: BrowserCall, _ look: BrowserLook) async throws {
        do {
            _ = try await signIns.confirm(call.transactionID, code: code, of: look.knownPortal)
        } catch {
            guard let failure = PostgresError(in: error), failure.state == "CS003" else { throw error }
            throw Problem.invalidRequest(failure.message)
        }
    }
}

extension BrowserLook {
    var knownPortal: KnownPortal { KnownPortal(name: portal, channel: channel, isEnabled: true) }
}
