import Countersign
import HTTPService
import Hummingbird
import Postgres
import Synchronization

/// From which origins browsers may ask (Fetch Standard section 3.2: CORS), kept for a few seconds. Nothing is allowed
/// with credentials: a page shows its token, and cookies count for nothing.
final class AllowedOrigins: Sendable {
    /// So long a removed origin may still count.
    static let freshness = Duration.seconds(3)

    private typealias Known = (portals: [String: Set<String>], at: ContinuousClock.Instant)

    private let looks: Gathering<Void, [String: Set<String>]>
    private let known = Mutex<Known?>(nil)

    init(_ database: GatewayDatabase) {
        looks = Gathering(most: 1_000) { calls in
            let rows = try await database.run(.server("origins"), FindAllowedOrigins()).all()
            let found = Dictionary(grouping: rows, by: \.portal).mapValues { Set($0.map(\.origin)) }
            return calls.map { found }
        }
    }

    /// By portal.
    func all() async throws -> [String: Set<String>] {
        if let known = known.withLock(\.self), known.at.duration(to: .now) < Self.freshness {
            return known.portals
        }
        let found = try await looks.ask((), lane: "")
        known.withLock { $0 = (found, .now) }
        return found
    }

    static let refusal = Problem(
        .forbidden, "origin_not_allowed",
        "pages of this origin may not show the portal's sign-ins; `countersign origin add` lets them")

    /// What lets a page read the answer: nothing for its own server's pages and for what is no page. Pages of any origin may
    /// read why they are refused: a browser shows nobody an answer without these, and its page would wait for ever.
    func headers(_ request: IncomingRequest) -> HTTPFields {
        guard let origin = request.foreignOrigin else { return [.vary: "Origin"] }
        return [.accessControlAllowOrigin: origin, .vary: "Origin"]
    }

    /// Fails with 403 for an origin that is none of the portal's.
    func check(_ request: IncomingRequest, _ portal: String) async throws {
        guard let origin = request.foreignOrigin else { return }
        guard try await all()[portal]?.contains(origin) == true else {
            LogContext.note("origin", String(String.UnicodeScalarView(origin.unicodeScalars.prefix(200))))
            throw Self.refusal
        }
    }
}

extension IncomingRequest {
    /// Whose page asks; nil for a page of this very host, and where nothing is said of it.
    fileprivate var foreignOrigin: String? {
        guard let origin = headers[.origin] else { return nil }
        let authority = request.head.authority ?? ""
        return ["http://\(authority)", "https://\(authority)"].contains(origin) ? nil : origin
    }
}
