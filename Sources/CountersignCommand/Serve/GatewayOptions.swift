import ArgumentParser
import Countersign
import Gateway
import HTTPService
import Logging
import Postgres

/// How the HTTP side is reached. Part of `serve` and of `run`.
struct GatewayOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Where to listen. (default: 127.0.0.1:8080)", valueName: "host:port"))
    var listen: String?

    @Option(help: "Connections to the database for requests, 1 to 100. (default: 8)")
    var poolSize: Int?

    @Option(help: "Clients connected at once, 1 to 65000. (default: 1024)")
    var maxConnections: Int?

    @Option(
        help: ArgumentHelp(
            "Of those, clients of one address, 1 to 65000. (default: half of them)",
            discussion: "Those of trusted proxies are not counted."))
    var maxConnectionsPerAddress: Int?

    @Option(help: "Bytes of a request's body, 1024 to 1048576. (default: 65536)")
    var maxBody: Int?

    @Option(help: ArgumentHelp("PEM file of the certificate and its chain: speak TLS.", valueName: "file"))
    var tlsCertificate: String?

    @Option(help: ArgumentHelp("PEM file of the certificate's private key.", valueName: "file"))
    var tlsKey: String?

    @Option(
        help: ArgumentHelp(
            "Networks whose X-Forwarded-For counts, as 10.0.0.0/8,::1. (default: none)", valueName: "networks"
        ))
    var trustedProxies: String?

    @Option(help: "How a link carries a code into the app: acme://sign-in?otp={otp}.")
    var linkTemplate: String?

    func configuration(
        _ database: ConnectionOptions, _ environment: Environment
    ) throws -> GatewayConfiguration {
        var configuration = GatewayConfiguration(database: database)
        configuration.http.listen = try address(environment)
        configuration.poolSize = try number("pool-size", poolSize, 1...100, environment) ?? 8
        let connections = try number("max-connections", maxConnections, 1...65_000, environment)
        if let connections { configuration.http.limits.connections = connections }
        configuration.http.limits.connectionsPerAddress = try number(
            "max-connections-per-address", maxConnectionsPerAddress, 1...65_000, environment)
        let bytes = try number("max-body", maxBody, 1_024...1_048_576, environment)
        if let bytes { configuration.http.limits.bodyBytes = bytes }
        configuration.http.tls = try tls(environment)
        configuration.http.proxies = try proxies(environment)
        configuration.linkTemplate = try template(environment)
        return configuration
    }

    private func address(_ environment: Environment) throws -> ListenAddress {
        let text = listen ?? environment.text("listen") ?? "127.0.0.1:8080"
        guard let address = ListenAddress(text) else {
            throw Failure(.usage, "--listen must be host:port, as 127.0.0.1:8080, not '\(text)'")
        }
        return address
    }

    private func number(
        _ flag: String, _ given: Int?, _ allowed: ClosedRange<Int>, _ environment: Environment
    ) throws -> Int? {
        guard let number = try given ?? environment.value(flag) else { return nil }
        guard allowed.contains(number) else {
            throw Failure(
                .usage,
                "--\(flag) must lie between \(allowed.lowerBound) and \(allowed.upperBound), not \(number)")
        }
        return number
    }

    private func tls(_ environment: Environment) throws -> (certificate: String, key: String)? {
        let files = (
            tlsCertificate ?? environment.text("tls-certificate"), tlsKey ?? environment.text("tls-key")
        )
        switch files {
        case (nil, nil): return nil
        case (let certificate?, let key?): return (certificate, key)
        default: throw Failure(.usage, "--tls-certificate and --tls-key go together")
        }
    }

    private func proxies(_ environment: Environment) throws -> TrustedProxies {
        guard let text = trustedProxies ?? environment.text("trusted-proxies") else { return .none }
        do {
            return TrustedProxies(try AddressRange.list(text))
        } catch {
            throw Failure(.usage, "--trusted-proxies: \(error)")
        }
    }

    private func template(_ environment: Environment) throws -> LinkTemplate? {
        guard let text = linkTemplate ?? environment.text("link-template") else { return nil }
        guard let template = LinkTemplate(text) else {
            throw Failure(
                .usage,
                "--link-template must be a link with {otp} once, as acme://sign-in?otp={otp}, not '\(text)'")
        }
        return template
    }
}
