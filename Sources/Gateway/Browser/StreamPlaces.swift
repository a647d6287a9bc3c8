import Countersign
import HTTPService
import Hummingbird
import Postgres
import Synchronization

/// Who has a place among the answers that stay open: streams, and long polls. Of one request the newest have; else who
/// comes too late is refused, and can ask without waiting.
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

    private struct Holder {
        let place: ObjectIdentifier
        let displace: @Sendable () -> Void
    }

    private struct State {
        var requests: [Identifier: [Holder]] = [:]
        var addresses: [IPAddress?: Int] = [:]
        var portals: [String: Int] = [:]
        var count = 0
    }

    private let limits: Limits
    private let state = Mutex(State())

    init(_ limits: Limits) { self.limits = limits }

    var count: Int { state.withLock(\.count) }

    /// - Parameter address: of the client; its network counts.
    func take(_ id: Identifier, _ portal: String, _ address: IPAddress?) throws(Problem) -> Place {
        let network = address?.unmapped.network
        let place = Place { [weak self] place in
            self?.leave(ObjectIdentifier(place), id, portal, network)
        }
        let key = ObjectIdentifier(place)
        let holder = Holder(place: key) { [weak place] in place?.displaced.store(true, ordering: .relaxed) }
        let (refusal, oldest) = state.withLock { admit(holder, id, portal, network, &$0) }
        oldest?.displace()
        if let refusal { throw refusal }
        return place
    }

    private func admit(
        _ holder: Holder, _ id: Identifier, _ portal: String, _ network: IPAddress?, _ state: inout State
    ) -> (refusal: Problem?, oldest: Holder?) {
        var oldest: Holder?
        if state.requests[id]?.count ?? 0 >= limits.request, let first = state.requests[id]?.first {
            oldest = first
            Self.remove(first.place, id, portal, network, &state)
        }
        let counts = [
            (state.addresses[network] ?? 0, limits.address, "your address"),
            (state.portals[portal] ?? 0, limits.portal, "this portal"),
            (state.count, limits.all, "this server"),
        ]
        if let full = counts.first(where: { $0.0 >= $0.1 }) { return (Self.refusal(full.2), oldest) }
        state.requests[id, default: []].append(holder)
        state.addresses[network, default: 0] += 1
        state.portals[portal, default: 0] += 1
        state.count += 1
        return (nil, oldest)
    }

    private static func refusal(_ whose: String) -> Problem {
        Problem(
            .tooManyRequests, "too_many_streams",
            "too many pages of \(whose) wait at this moment; ask without waiting", [.retryAfter: "5"])
    }

    private func leave(_ place: ObjectIdentifier, _ id: Identifier, _ portal: String, _ network: IPAddress?) {
        state.withLock { Self.remove(place, id, portal, network, &$0) }
    }

    private static func remove(
        _ place: ObjectIdentifier, _ id: Identifier, _ portal: String, _ network: IPAddress?,
        _ state: inout State
    ) {
        guard let index = state.requests[id]?.firstIndex(where: { $0.place == place }) else { return }
        state.requests[id]?.remove(at: index)
        if state.requests[id]?.isEmpty == true { state.requests[id] = nil }
        state.addresses[network] = state.addresses[network].flatMap { $0 > 1 ? $0 - 1 : nil }
        state.portals[portal] = state.portals[portal].flatMap { $0 > 1 ? $0 - 1 : nil }
        state.count -= 1
    }
}
