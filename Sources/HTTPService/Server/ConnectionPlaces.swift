import Countersign
import NIOCore
import Synchronization

/// Who has a place among the connections of one server. No address has more than its share; when it or the server has
/// no place left, the connection goes that has kept us waiting longest for its client.
final class ConnectionPlaces: Sendable {
    /// One connection's.
    final class Place: Sendable {
        let channel: any Channel
        /// Of IPv6 a whole /64, within which a client takes what address it likes.
        fileprivate let address: IPAddress?
        /// Uptime in nanoseconds since which it is the client's turn; 0 while it is ours.
        fileprivate let waitingSince = Atomic(NIODeadline.now().uptimeNanoseconds)

        fileprivate init(_ channel: any Channel, _ address: IPAddress?) {
            (self.channel, self.address) = (channel, address)
        }

        /// Says whose turn it is: while it stays the client's, the first time counts.
        func waits(_ isClientsTurn: Bool) {
            let since = waitingSince.load(ordering: .relaxed)
            guard isClientsTurn != (since != 0) else { return }
            waitingSince.store(isClientsTurn ? NIODeadline.now().uptimeNanoseconds : 0, ordering: .relaxed)
        }
    }

    private struct State {
        var places: [ObjectIdentifier: Place] = [:]
        var counts: [IPAddress: Int] = [:]
        var isWatching = false
    }

    private let limits: ConnectionLimits
    private let proxies: TrustedProxies
    private let meters: HTTPMeters?
    private let state = Mutex(State())

    init(_ limits: ConnectionLimits, _ proxies: TrustedProxies, _ meters: HTTPMeters?) {
        (self.limits, self.proxies, self.meters) = (limits, proxies, meters)
    }

    /// Nil when its address has its share already, and none of those keeps us waiting: then it has to be closed.
    func take(_ channel: any Channel) -> Place? {
        let peer = channel.remoteAddress?.ipAddress.flatMap { IPAddress($0) }?.unmapped
        let place = Place(channel, peer.flatMap { proxies.trusts($0) ? nil : $0.network })
        let (isAdmitted, victim) = state.withLock { admit(place, &$0) }
        if let victim { close(victim) }
        guard isAdmitted else {
            meters?.refused(.noPlace)
            return nil
        }
        meters?.opened()
        channel.closeFuture.whenComplete { _ in
            self.state.withLock { Self.remove(place, &$0) }
            self.meters?.closed()
        }
        watch(on: channel.eventLoop)
        return place
    }

    /// That has kept us waiting.
    private func close(_ victim: Place) {
        meters?.refused(.madeRoom)
        victim.channel.close(promise: nil)
    }

    private func admit(_ place: Place, _ state: inout State) -> (isAdmitted: Bool, victim: Place?) {
        var victim: Place?
        if let address = place.address, state.counts[address, default: 0] >= limits.share {
            victim = Self.slowest(state.places.values.lazy.filter { $0.address == address })?.place
            guard let victim else { return (false, nil) }
            Self.remove(victim, &state)
        }
        state.places[ObjectIdentifier(place)] = place
        if let address = place.address { state.counts[address, default: 0] += 1 }
        return (true, victim)
    }

    /// A second time it does nothing.
    private static func remove(_ place: Place, _ state: inout State) {
        guard state.places.removeValue(forKey: ObjectIdentifier(place)) != nil, let address = place.address,
            let count = state.counts[address]
        else { return }
        state.counts[address] = count > 1 ? count - 1 : nil
    }

    /// Who has kept us waiting longest, and since when: its next request may have come by the time it is looked at again.
    private static func slowest(_ places: some Sequence<Place>) -> (place: Place, since: UInt64)? {
        places.lazy.map { ($0, $0.waitingSince.load(ordering: .relaxed)) }.filter { $0.1 != 0 }
            .min { $0.1 < $1.1 }
    }
}

/// Making room for those who are not accepted yet.
extension ConnectionPlaces {
    /// While every place is taken, looks once in each patience for one who has kept us waiting longer.
    private func watch(on loop: any EventLoop) {
        let begins = state.withLock { state in
            guard !state.isWatching, state.places.count >= limits.connections else { return false }
            state.isWatching = true
            return true
        }
        guard begins else { return }
        loop.scheduleTask(in: TimeAmount(limits.patience)) {
            self.makeRoom()
            self.state.withLock { $0.isWatching = false }
            self.watch(on: loop)
        }
    }

    private func makeRoom() {
        let patience = limits.patience
        let victim = state.withLock { state -> Place? in
            guard state.places.count >= limits.connections, let slowest = Self.slowest(state.places.values),
                NIODeadline.uptimeNanoseconds(slowest.since) + TimeAmount(patience) <= .now()
            else { return nil }
            Self.remove(slowest.place, &state)
            return slowest.place
        }
        if let victim { close(victim) }
    }
}
