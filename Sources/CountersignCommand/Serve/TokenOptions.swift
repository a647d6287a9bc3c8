import Administration
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

    @Option(
        help: ArgumentHelp(
            "Scopes that a token must have, all of them, separated by spaces. (default: none)",
            valueName: "scopes"))
    var jwtScope: String?

    @Option(
        help: ArgumentHelp("How long a token may live, 1m to 30d. (default: 24h)", valueName: "duration"))
    var jwtLongestLife: String?

    @Flag(
        help: ArgumentHelp(
            "Take tokens whose typ is JWT or missing, too.",
            discussion: "For issuers who do not write at+jwt (RFC 9068). Ask for a scope then."))
    var jwtUntyped = false

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
        rules.scopes = try scopes(jwtScope ?? environment.text("jwt-scope") ?? "")
        if let text = jwtLongestLife ?? environment.text("jwt-longest-life") {
            rules.longestLife = try longestLife(text)
        }
        rules.takesUntyped = try jwtUntyped || environment.isOn("jwt-untyped")
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

    /// RFC 6749 section 3.3.
    private func scopes(_ text: String) throws -> Set<String> {
        let scopes = text.utf8.split(separator: UInt8(ascii: " "))
        let isSound = scopes.joined().allSatisfy {
            (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
        }
        guard isSound else {
            throw Failure(.usage, "--jwt-scope must be scopes of printable ASCII, separated by spaces")
        }
        return Set(scopes.map { String(decoding: $0, as: UTF8.self) })
    }

    private func longestLife(_ text: String) throws -> Duration {
        guard let life = readDuration(text), (.seconds(60)...(.seconds(30 * 86_400))).contains(life) else {
            throw Failure(
                .usage, "--jwt-longest-life must be a number and s, m, h or d, from 1m to 30d, not '\(text)'")
        }
        return life
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
