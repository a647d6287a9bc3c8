import ArgumentParser
import Countersign
import FoundationEssentials
import Gateway

/// How the users of an app prove who they are. All four together, or none: then there is no API for apps.
struct TokenOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The public keys of access tokens: a JWKS file, or an https address of one.",
            valueName: "file or address"))
    var jwks: String?

    @Option(
        help: ArgumentHelp(
            "PEM file of the certificates that the address of the keys is trusted by. (default: the system's)",
            valueName: "file"))
    var jwksTrustRoots: String?

    @Option(help: "Who issues the tokens: their iss, exactly.")
    var jwtIssuer: String?

    @Option(help: "Whom the tokens are for: one of their aud.")
    var jwtAudience: String?

    @Option(help: "The app whose users the tokens name by their sub, as `app add` called it.")
    var jwtApp: String?

    @Option(help: "Algorithms that are accepted. (default: ES256,ES384,EdDSA,PS256,RS256)")
    var jwtAlgorithms: String?

    func rules(_ environment: Environment) throws -> TokenRules? {
        let given = [
            jwks ?? environment.text("jwks"), jwtIssuer ?? environment.text("jwt-issuer"),
            jwtAudience ?? environment.text("jwt-audience"), jwtApp ?? environment.text("jwt-app"),
        ]
        let texts = given.compactMap(\.self)
        if texts.isEmpty { return nil }
        guard texts.count == 4 else {
            throw Failure(.usage, "--jwks, --jwt-issuer, --jwt-audience and --jwt-app go together")
        }
        var rules = TokenRules(keys: try keys(texts[0]), issuer: texts[1], audience: texts[2], app: texts[3])
        if let file = jwksTrustRoots ?? environment.text("jwks-trust-roots") {
            guard rules.trustKeys(by: file) else {
                throw Failure(
                    .configuration, "--jwks-trust-roots: '\(file)' cannot be read as PEM certificates")
            }
        }
        if let list = jwtAlgorithms ?? environment.text("jwt-algorithms") {
            rules.allowed = try algorithms(list)
        }
        return rules
    }

    /// Whoever changes the keys on their way can be everybody: https, unless they stay on this machine.
    private func keys(_ text: String) throws -> URL {
        guard text.contains("://") else {
            guard FileManager.default.isReadableFile(atPath: text) else {
                throw Failure(.configuration, "--jwks: \(text) cannot be read")
            }
            return URL(filePath: text)
        }
        let url = URL(string: text)
        let isLocal = ["127.0.0.1", "localhost", "::1"].contains(url?.host() ?? "")
        guard let url, url.scheme == "https" || (url.scheme == "http" && isLocal) else {
            throw Failure(.usage, "--jwks must be a file, or an https address, not '\(text)'")
        }
        return url
    }

    private func algorithms(_ list: String) throws -> Set<String> {
        let names = list.split(separator: ",").map { String($0.filter { $0 != " " }) }
        let unknown = names.first { !TokenRules.algorithms.contains($0) }
        if unknown != nil || names.isEmpty {
            let allowed = TokenRules.algorithms.joined(separator: ", ")
            throw Failure(.usage, "--jwt-algorithms must be some of \(allowed), not '\(unknown ?? "")'")
        }
        return Set(names)
    }
}
