import Foundation
import Hummingbird
import HummingbirdHTTP2
import NIOCore
import NIOSSL
import Support
import Synchronization
import Testing
import Webhooks

/// Receivers with certificates, good and bad ones, that a CA of the test's own has made.
@Suite(.database) struct TLSTests {
    private let site = WebhookSite()

    @Test(
        arguments: [
            ("good", nil), ("wrong-name", "the certificate is for another name"),
            ("expired", "the certificate is not trusted, expired, or not yet valid"),
            ("self-signed", "the certificate is not trusted, expired, or not yet valid"),
        ] as [(String, String?)])
    func `certificates are verified`(name: String, error: String?) async throws {
        try await Certificates.make { certificates in
            let context = try certificates.context(name)
            try await Receiver.run(tls: context) { _, _ in
                .status(204)
            } _: { receiver in
                let id = try await site.endedRequest("https://localhost:\(receiver.port)/cb")
                let roots = try TrustRoots(file: certificates.authority)
                try await site.dispatching(policy: .loopbackTLS, trustRoots: roots) { _ in
                    let seen = try await site.delivery(id, error == nil ? "delivered" : "pending")
                    #expect(seen.error == (error == nil ? nil : "tls") && seen.detail == error)
                }
                // Nothing was sent before the certificate was verified.
                #expect(receiver.received.count == (error == nil ? 1 : 0))
                #expect(error != nil || receiver.received[0].header("host") == "localhost:\(receiver.port)")
            }
        }
    }

    /// The system's roots do not know the test's CA.
    @Test func `trust comes from the roots alone`() async throws {
        try await Certificates.make { certificates in
            let context = try certificates.context("good")
            try await Receiver.run(tls: context) { _, _ in
                .status(204)
            } _: { receiver in
                let id = try await site.endedRequest("https://localhost:\(receiver.port)/cb")
                try await site.dispatching(policy: .loopbackTLS, trustRoots: .system()) { _ in
                    let seen = try await site.delivery(id, "pending")
                    #expect(seen.error == "tls")
                }
                #expect(receiver.received.isEmpty)
            }
        }
    }

    @Test func `a connection that ends without close_notify loses no answer`() async throws {
        try await Certificates.make { certificates in
            try await Receiver.run(tls: try certificates.context("good")) { _, _ in
                .rawThenClose("HTTP/1.1 200 OK\r\n\r\nfine")
            } _: { receiver in
                let id = try await site.endedRequest("https://localhost:\(receiver.port)/cb")
                let roots = try TrustRoots(file: certificates.authority)
                try await site.dispatching(policy: .loopbackTLS, trustRoots: roots) { _ in
                    let seen = try await site.delivery(id, "delivered")
                    #expect(seen.attempts == 1)
                }
                #expect(receiver.received.count == 1)
            }
        }
    }

    /// Eight at a time are streams of one connection where HTTP/2 is offered.
    @Test func `HTTP/2 is used where it is offered`() async throws {
        try await Certificates.make { certificates in
            let seen = Mutex<Set<String>>([])
            let targets = Mutex<Set<String?>>([])
            let router = Router(context: StreamContext.self)
            router.post("cb") { request, context in
                targets.withLock { _ = $0.insert(request.head.path) }
                seen.withLock { _ = $0.insert("\(type(of: context.channel)) \(context.connection)") }
                return HTTPResponse.Status.noContent
            }
            let (ports, port) = AsyncStream.makeStream(of: Int.self)
            let application = Application(
                router: router, server: try .http2Upgrade(tlsConfiguration: try certificates.server("good")),
                configuration: .init(address: .hostname("127.0.0.1", port: 0)),
                onServerRunning: { port.yield($0.localAddress?.port ?? 0) })
            let running = Task { try await application.runService(gracefulShutdownSignals: []) }
            defer { running.cancel() }
            var iterator = ports.makeAsyncIterator()
            let url = "https://localhost:\(try #require(await iterator.next()))/cb?a[]=1&r=%2Fhome"
            let portal = try await site.addPortal()
            try await site.addCallback(url, of: portal)
            let ids = try await site.end(40, at: url, of: portal)
            let roots = try TrustRoots(file: certificates.authority)
            try await site.dispatching(policy: .loopbackTLS, trustRoots: roots) { _ in
                for id in ids { _ = try await site.delivery(id, "delivered") }
            }
            #expect(targets.withLock(\.self) == ["/cb?a[]=1&r=%2Fhome"])
            let channels = seen.withLock(\.self)
            #expect(
                channels.count == 1 && channels.allSatisfy { $0.hasPrefix("HTTP2StreamChannel") },
                "\(channels)")
        }
    }
}

/// Keeps the channel of a request.
private struct StreamContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }

    var connection: String { "\(channel.parent?.remoteAddress?.port ?? 0)" }
}
