package import Countersign
import NIOCore
import NIOPosix
import Synchronization

/// Why a name has no address. Tried again: names come back, as servers do.
package struct LookupFailure: Error, Sendable, CustomStringConvertible {
    package let description: String
}

/// The system's resolver (getaddrinfo, so /etc/hosts and whatever else the machine is set up with), which blocks.
///
/// NIO's wrapper of it is used once for each name, as a client would use it, but for all answers. NIO runs it on a
/// thread that belongs to the event loop which asks; so a few loops do nothing else, and one that hangs for a dead
/// name server keeps only its own thread busy. Names wait for a free one; they share the 5 s.
package final class SystemResolver: Sendable {
    /// Longer than a lost packet costs with a second server, and half of what a delivery has.
    static let limit = TimeAmount.seconds(5)
    static let lookupsAtOnce = 8

    private struct Lookups {
        var free: [any EventLoop]
        var waiting: [(host: String, answer: EventLoopPromise<[IPAddress]>)] = []
    }
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: lookupsAtOnce)
    private let lookups: Mutex<Lookups>

    package init() {
        lookups = Mutex(Lookups(free: Array(group.makeIterator())))
    }

    package func shutdown() async { try? await group.shutdownGracefully() }

    /// IPv4 before IPv6, each in random order, so that load spreads over a name's addresses. Never empty. Throws
    /// `LookupFailure`.
    package func addresses(of host: String) async throws -> [IPAddress] {
        let answer = group.next().makePromise(of: [IPAddress].self)
        let timer = answer.futureResult.eventLoop.scheduleTask(in: Self.limit) {
            answer.fail(LookupFailure(description: "looking up \(host) took more than 5 s"))
        }
        defer { timer.cancel() }
        let loop = lookups.withLock { lookups -> (any EventLoop)? in
            if let loop = lookups.free.popLast() { return loop }
            lookups.waiting.append((host, answer))
            return nil
        }
        if let loop { look(up: host, on: loop, answer) }
        return try await answer.futureResult.get()
    }

    private func look(up host: String, on loop: any EventLoop, _ answer: EventLoopPromise<[IPAddress]>) {
        loop.execute {
            let resolver = NIORandomizedDNSResolver(loop: loop)
            let newer = resolver.initiateAAAAQuery(host: host, port: 0)
            let older = resolver.initiateAQuery(host: host, port: 0)
            older.and(newer).whenComplete { result in
                answer.completeWith(Self.read(result, host))
                self.next(on: loop)
            }
        }
    }

    /// Serves whoever waits longest, or leaves the loop to the next that comes.
    private func next(on loop: any EventLoop) {
        let waiting = lookups.withLock { lookups -> (host: String, answer: EventLoopPromise<[IPAddress]>)? in
            if !lookups.waiting.isEmpty { return lookups.waiting.removeFirst() }
            lookups.free.append(loop)
            return nil
        }
        if let waiting { look(up: waiting.host, on: loop, waiting.answer) }
    }

    private static func read(
        _ result: Result<([SocketAddress], [SocketAddress]), any Error>, _ host: String
    ) -> Result<[IPAddress], any Error> {
        guard case .success(let (older, newer)) = result else {
            return .failure(LookupFailure(description: "the name \(host) has no address now"))
        }
        // An answer that cannot be read (a zone) must not slip through as none.
        let texts = (older + newer).compactMap(\.ipAddress)
        let addresses = texts.compactMap { IPAddress($0) }
        guard !addresses.isEmpty, addresses.count == older.count + newer.count else {
            return .failure(LookupFailure(description: "the name \(host) has an address that cannot be read"))
        }
        return .success(addresses)
    }
}
