import ArgumentParser
import Countersign
import Gateway
import HTTPService

/// The portal for trying out, off unless asked for.
struct DemoOptions: ParsableArguments {
    @Flag(help: "Serve a demo portal at /demo, for trying out.")
    var demo = false

    @Option(help: "The portal that it is. (default: demo)")
    var demoPortal: String?

    @Option(help: "The authentication type of its requests. (default: qr-code)")
    var demoType: String?

    @Option(help: "One of the portal's callback addresses; /demo/callback of this server takes what comes.")
    var demoCallback: String?

    func configuration(_ environment: Environment, _ gateway: GatewayConfiguration) throws
        -> DemoConfiguration?
    {
        guard try demo || environment.isOn("demo") else { return nil }
        let scheme = gateway.http.tls == nil ? "http" : "https"
        return DemoConfiguration(
            portal: demoPortal ?? environment.text("demo-portal") ?? "demo",
            type: demoType ?? environment.text("demo-type") ?? "qr-code",
            callback: demoCallback ?? environment.text("demo-callback")
                ?? "\(scheme)://\(gateway.http.listen)/demo/callback")
    }
}
