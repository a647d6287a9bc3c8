import Countersign
import AsyncHTTPClient
import NIOCore
import NIOSSL
import Synchronization

/// HTTP clients that can reach one vetted address each.
///
/// async-http-client resolves names itself when it connects, which would be a second look that nobody vets. It
/// pins by `dnsOverride`, a setting of a whole client that also keeps the name for TLS and Host; its connection
/// initialisers come too late to be the guard, for the forbidden address has been connected to by then. So each
/// vetted target (name, port and address) has a client of its own; the initialisers check, as a second lock, that
/// the peer is that address. A client costs a few kilobytes, since all share the event loops and the parsed trust
/// roots; connections are kept alive in it. It goes a minute after its last use.
final class PinnedClients: Sendable {
    struct Pin: Hashable {
        let host: CallbackAddress.Host
        let port: Int
        let scheme: CallbackAddress.Scheme
        let address: IPAddress
    }

    fileprivate struct Entry {
        let client: HTTPClient
        var users = 0
        var lastUse = ContinuousClock.now

        mutating func lend() -> HTTPClient {
            (users, lastUse) = (users + 1, .now)
            return client
        }

        mutating func takeBack() { (users, lastUse) = (users - 1, .now) }
    }
    fileprivate struct Clients {
        var entries: [Pin: Entry] = [:]
        var nextSweep = ContinuousClock.now
    }
    fileprivate static let idle = Duration.seconds(60)

    private let state = Mutex(Clients())
    private let base: HTTPClient.Configuration

    /// `connections` at most to one target over HTTP/1; HTTP/2 uses one.
    init(connect: Duration, connections: Int, trustRoots: TrustRoots) {
        var tls = TLSConfiguration.makeClientConfiguration()  // verifies chain and host name
        tls.trustRoots = .certificates(trustRoots.certificates)
        tls.minimumTLSVersion = .tlsv12
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls, redirectConfiguration: .disallow)
        configuration.timeout.connect = .nanoseconds(Int64(connect / .nanoseconds(1)))
        configuration.decompression = .disabled
        configuration.connectionPool.idleTimeout = .seconds(30)
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = connections
        // The queue tries again, and knows when.
        configuration.connectionPool.retryConnectionEstablishment = false
        // An attempt has a span of its own. Without one given, each request describes itself to a tracer that keeps nothing.
        configuration.tracing.tracer = nil
        base = configuration
    }

    /// Lends the target's client. Give it back with `release`.
    func client(for pin: Pin) -> HTTPClient {
        let (client, old) = state.withLock { state -> (HTTPClient, [HTTPClient]) in
            let client = state.entries[pin, default: Entry(client: makeClient(pin))].lend()
            return (client, state.sweep())
        }
        for client in old { Task { try? await client.shutdown() } }
        return client
    }

    func release(_ pin: Pin) {
        state.withLock { $0.entries[pin]?.takeBack() }
    }

    func shutdown() async {
        let clients = state.withLock { state in
            defer { state.entries = [:] }
            return state.entries.values.map(\.client)
        }
        for client in clients { try? await client.shutdown() }
    }

    private func makeClient(_ pin: Pin) -> HTTPClient {
        var configuration = base
        if case .name(let name) = pin.host { configuration.dnsOverride = [name: "\(pin.address)"] }
        let check: @Sendable (any Channel) -> EventLoopFuture<Void> = { channel in
            channel.remoteAddress?.ipAddress.flatMap { IPAddress($0) } == pin.address
                ? channel.eventLoop.makeSucceededVoidFuture()
                : channel.eventLoop.makeFailedFuture(WrongPeer())
        }
        configuration.http1_1ConnectionDebugInitializer = { channel in
            check(channel).flatMap { AnswerBytes.install(in: channel) }
                .flatMap { ExactRequest.install(in: channel) }
        }
        configuration.http2ConnectionDebugInitializer = { channel in
            check(channel).flatMap { AnswerBytes.installShared(in: channel) }
        }
        configuration.http2StreamChannelDebugInitializer = { stream in
            AnswerBytes.begin(stream)
            return ExactRequest.install(in: stream)
        }
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }
}

/// A connection that did not go where it was pinned to. Cannot happen, and is closed before a request is sent.
struct WrongPeer: Error {}

extension PinnedClients.Clients {
    /// Takes out those that nobody has used for a while.
    fileprivate mutating func sweep() -> [HTTPClient] {
        guard nextSweep <= .now else { return [] }
        nextSweep = .now + .seconds(5)
        let old = entries.filter { $0.value.users == 0 && $0.value.lastUse + PinnedClients.idle < .now }
        for pin in old.keys { entries[pin] = nil }
        return old.values.map(\.client)
    }
}
