import Countersign
import HTTPService
import Hummingbird
import Postgres
import Synchronization

/// Who has a place among the answers that stay open: streams and polls of browsers, and polls of portals. All count together,
/// so that those that stay leave others some. Of one request the newest of browsers have one; else who comes too late is
/// refused, and can ask without waiting.
final class StreamPlaces: Sendable {
    /// How many at once.
    struct Limits: Sendable {
        var request = 2
        let address: Int
        let portal: Int
        let all: Int

        /// Of so many connections: the last quarter is for those who do not stay.
        init(connections: Int) {
            address = max(2, connections / 8)
            portal = max(2, connections / 2)
            all = max(2, connections * 3 / 4)
        }
    }

    /// One answer's, which ends with this value.
    final class Place: Sendable {
        private let leave: @Sendable (Place) -> Void
        fileprivate let displaced = Atomic(false)

        fileprivate init(_ leave: @escaping @Sendable (Place) -> Void) { self.leave = leave }

        /// Whether newer ones of the same request have its place.
        var isDisplaced: Bool { displaced.load(ordering: .relaxed) }

        /// A second time it does nothing.
        func end() { leave(self) }

        deinit { leave(self) }
    }

    /// What a place counts for.
    fileprivate struct Claim {
        /// Nil of a portal's poll: any number may look at one request.
        let request: Identifier?
        let portal: String
        /// Nil of a portal's poll: all of them come from the portal's own address.
        let network: IPAddress??
        let displace: @Sendable () -> Void
    }

    fileprivate struct State {
        var claims: [ObjectIdentifier: Claim] = [:]
        /// The oldest first.
        var requests: [Identifier: [ObjectIdentifier]] = [:]
        var addresses: [IPAddress?: Int] = [:]
        var portals: [String: Int] = [:]
    }

    private let limits: Limits
    private let state = Mutex(State())

    init(_ limits: Limits) { self.limits = limits }

    var count: Int { state.withLock(\.claims.count) }

    /// For a browser's stream or poll.
    ///
    /// - Parameter address: of the client; its network counts.
    func take(_ id: Identifier, _ portal: String, _ address: IPAddress?) throws(Problem) -> Place {
        try take(request: id, portal, network: .some(address?.unmapped.network))
    }

    /// For a portal's own poll.
    func take(of portal: String) throws(Problem) -> Place {
        try take(request: nil, portal, network: nil)
    }

    private func take(
        request: Identifier?, _ portal: String, network: IPAddress??
    ) throws(Problem) -> Place {
        let place = Place { [weak self] place in
            self?.state.withLock { $0.remove(ObjectIdentifier(place)) }
        }
        let claim = Claim(request: request, portal: portal, network: network) { [weak place] in
            place?.displaced.store(true, ordering: .relaxed)
        }
        let (refusal, oldest) = state.withLock { $0.admit(ObjectIdentifier(place), claim, limits) }
        oldest?.displace()
        if let refusal { throw refusal }
        return place
    }

    fileprivate static func refusal(_ whose: String) -> Problem {
        Problem(
            .tooManyRequests, "too_many_streams",
            "too many pages of \(whose) wait at this moment; ask without waiting", [.retryAfter: "5"])
    }
}

extension StreamPlaces.State {
    fileprivate mutating func admit(
        _ key: ObjectIdentifier, _ claim: StreamPlaces.Claim, _ limits: StreamPlaces.Limits
    ) -> (refusal: Problem?, oldest: StreamPlaces.Claim?) {
        var oldest: StreamPlaces.Claim?
        if let request = claim.request, let first = requests[request]?.first,
            requests[request]?.count ?? 0 >= limits.request
        {
            oldest = claims[first]
            remove(first)
        }
        let ofAddress = claim.network.map { (addresses[$0] ?? 0, limits.address, "your address") }
        let counts = [
            ofAddress, (portals[claim.portal] ?? 0, limits.portal, "this portal"),
            (claims.count, limits.all, "this server"),
        ].compactMap(\.self)
        if let full = counts.first(where: { $0.0 >= $0.1 }) { return (StreamPlaces.refusal(full.2), oldest) }
        claims[key] = claim
        if let request = claim.request { requests[request, default: []].append(key) }
        if let network = claim.network { addresses[network, default: 0] += 1 }
        portals[claim.portal, default: 0] += 1
        return (nil, oldest)
    }

    fileprivate mutating func remove(_ key: ObjectIdentifier) {
        guard let claim = claims.removeValue(forKey: key) else { return }
        if let request = claim.request {
            requests[request]?.removeAll { $0 == key }
            if requests[request]?.isEmpty == true { requests[request] = nil }
        }
        if let network = claim.network {
            addresses[network] = addresses[network].flatMap { $0 > 1 ? $0 - 1 : nil }
        }
        portals[claim.portal] = portals[claim.portal].flatMap { $0 > 1 ? $0 - 1 : nil }
    }
}
