import ArgumentParser
import Foundation

/// The server that a phone speaks to over HTTP, and the token that says who its user is.
struct PhoneServerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Speak to this server over HTTP, not to the database.",
            discussion: "https://host, or http:// on this machine, as http://127.0.0.1:8080.",
            valueName: "address"))
    var url: String?

    @Option(
        help: ArgumentHelp(
            "The user's access token (a JWT), for --url.",
            discussion:
                "Others see the arguments of a process: better leave it to COUNTERSIGN_TOKEN or a file.",
            valueName: "jwt"))
    var token: String?

    @Option(help: ArgumentHelp("A file that holds the access token.", valueName: "path"))
    var tokenFile: String?

    /// As a flag.
    var isGiven: Bool { url != nil || token != nil || tokenFile != nil }

    /// Nil when no server is named. A flag wins over a variable, and COUNTERSIGN_TOKEN over a file's name.
    func transport(_ environment: Environment = .current) throws -> HTTPTransport? {
        guard let url = url ?? environment.text("url") else {
            guard token == nil, tokenFile == nil else {
                throw Failure(.usage, "--token and --token-file need --url, the server that they are for")
            }
            return nil
        }
        return HTTPTransport(try address(url), token: try bearer(environment))
    }

    /// Whoever reads a token on its way can be the user: https, unless it stays on this machine.
    private func address(_ text: String) throws -> URL {
        let url = URL(string: text)
        let isLocal = ["127.0.0.1", "localhost", "::1", "[::1]"].contains(url?.host() ?? "")
        guard let url, url.scheme == "https" || (url.scheme == "http" && isLocal), url.host() != nil,
            url.user() == nil, url.password() == nil, url.query() == nil, url.fragment() == nil
        else {
            throw Failure(
                .usage,
                "--url must be like https://sign-in.example, or like http://127.0.0.1:8080 on this machine")
        }
        return url
    }

    private func bearer(_ environment: Environment) throws -> String {
        guard token == nil || tokenFile == nil else {
            throw Failure(.usage, "--token and --token-file exclude each other")
        }
        guard let given = try givenToken(environment) else {
            throw Failure(
                .usage, "--url needs the user's access token: COUNTERSIGN_TOKEN, --token-file or --token")
        }
        // RFC 6750, section 2.1. Never shown: it may be a good one with a blank too many.
        guard given.wholeMatch(of: /[A-Za-z0-9._~+\/-]+=*/) != nil else {
            throw Failure(.configuration, "the access token may hold letters, digits and -._~+/= only")
        }
        return given
    }

    private func givenToken(_ environment: Environment) throws -> String? {
        if let token { return token }
        if let tokenFile { return try read(tokenFile) }
        return try environment.text("token") ?? environment.text("token-file").map(read)
    }

    private func read(_ path: String) throws -> String {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw Failure(.configuration, "--token-file: \(path) cannot be read")
        }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
