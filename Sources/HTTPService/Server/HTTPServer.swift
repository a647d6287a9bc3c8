import Hummingbird
import HummingbirdCore
import HummingbirdTLS
package import Logging
import NIOSSL
package import ServiceLifecycle

/// Serves routes over HTTP/1.1, plain or with TLS: one kind of server for portals and apps and for operators.
///
/// A graceful shutdown answers what is under way and takes no new connections.
package struct HTTPServer: Sendable {
    private let configuration: HTTPServerConfiguration
    private let routes: [Route]
    private let builder: HTTPServerBuilder
    private let logger: Logger
    private let onRunning: @Sendable (Int) -> Void

    /// Fails when the certificate or its key cannot be read.
    ///
    /// - Parameter onRunning: is told the port as soon as connections are taken.
    package init(
        _ configuration: HTTPServerConfiguration, routes: [Route], logger: Logger,
        onRunning: @escaping @Sendable (Int) -> Void = { _ in }
    ) throws {
        (self.configuration, self.routes) = (configuration, routes)
        (self.logger, self.onRunning) = (logger, onRunning)
        builder = try Self.builder(configuration)
    }

    package var service: any Service {
        let listen = configuration.listen
        var settings = ApplicationConfiguration(address: .hostname(listen.host, port: listen.port))
        settings.availableConnectionsDelegate = MaximumAvailableConnections(configuration.limits.connections)
        settings.serverName = nil
        return Application(
            responder: UnknownMethods(routes: router.buildResponder()), server: builder,
            configuration: settings,
            onServerRunning: { [onRunning] in onRunning($0.localAddress?.port ?? listen.port) },
            logger: quietLogger)
    }

    private var router: Router<ServiceContext> {
        let router = Router(context: ServiceContext.self)
        router.add(middleware: SecurityHeaders(isTLS: configuration.tls != nil))
        router.add(middleware: RequestLogging(configuration: configuration, logger: logger))
        RouteTable(routes: routes, bodyLimit: configuration.limits.bodyBytes).add(to: router)
        return router
    }

    /// The framework tells of its own doings; from notice on it has something to say.
    private var quietLogger: Logger {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .notice)
        return quiet
    }

    /// For TLS 1.2: authenticated encryption with forward secrecy alone (RFC 9325 section 4.2). 1.3 has no other.
    private static let cipherSuites: [NIOTLSCipher] = [
        .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ]

    private static func builder(_ configuration: HTTPServerConfiguration) throws -> HTTPServerBuilder {
        let limits = configuration.limits
        let meters = configuration.meters
        meters?.allows(limits.connections)
        let places = ConnectionPlaces(limits, configuration.proxies, meters)
        let plain = HTTPServerBuilder { LimitedChannel(limits, places, meters, responder: $0) }
        guard let files = configuration.tls else { return plain }
        let chain = try NIOSSLCertificate.fromPEMFile(files.certificate)
        let key = try NIOSSLPrivateKey(file: files.key, format: .pem)
        var tls = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        tls.minimumTLSVersion = .tlsv12
        tls.cipherSuiteValues = cipherSuites
        return try .tls(plain, tlsConfiguration: tls)
    }
}
