import ArgumentParser
import Countersign
import Webhooks

/// Where webhooks may go. Part of every command that sends them.
struct AddressOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Networks that webhooks may be sent to over plain HTTP, private or not. (default: none)",
            discussion: "Separated by commas, as 127.0.0.0/8,fd00:1::/64.", valueName: "networks"))
    var allowHTTP: String?

    @Option(
        help: ArgumentHelp(
            "Private and other special networks that webhooks may be sent to over HTTPS. (default: none)",
            discussion: "Separated by commas.", valueName: "networks"))
    var allowAddress: String?

    @Option(
        help: ArgumentHelp(
            "Ports that webhooks may be sent to, as 443,9000-9100. (default: 443,8443)", valueName: "ports"))
    var allowPorts: String?

    @Option(
        help: ArgumentHelp(
            "A PEM file of the certificates that receivers are trusted by. (default: the system's)",
            valueName: "file"))
    var trustRoots: String?

    func policy(_ environment: Environment) throws -> AddressPolicy {
        var policy = AddressPolicy()
        policy.plainHTTP = try ranges(allowHTTP ?? environment.text("allow-http"), "--allow-http")
        policy.allowed = try ranges(allowAddress ?? environment.text("allow-address"), "--allow-address")
        if let text = allowPorts ?? environment.text("allow-ports") { policy.ports = try ports(text) }
        return policy
    }

    func roots(_ environment: Environment) throws -> TrustRoots {
        guard let file = trustRoots ?? environment.text("trust-roots") else { return .system() }
        do {
            return try TrustRoots(file: file)
        } catch {
            throw Failure(.configuration, "--trust-roots: '\(file)' cannot be read as PEM certificates")
        }
    }

    private func ranges(_ text: String?, _ flag: String) throws -> [AddressRange] {
        do {
            return try AddressRange.list(text ?? "")
        } catch {
            throw Failure(.usage, "\(flag): \(error)")
        }
    }

    private func ports(_ text: String) throws -> [ClosedRange<Int>] {
        try text.split(separator: ",", omittingEmptySubsequences: false).map { word in
            let bounds = word.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map {
                Int($0)
            }
            guard let first = bounds[0], let last = bounds.count == 2 ? bounds[1] : first, first >= 1,
                first <= last,
                last <= 65_535
            else {
                throw Failure(
                    .usage, "--allow-ports: '\(word)' is no port; allowed: 1 to 65535, as 443,9000-9100")
            }
            return first...last
        }
    }
}
