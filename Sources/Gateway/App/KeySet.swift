import AsyncHTTPClient
import FoundationEssentials
import JWTKit
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL

/// The public keys with which tokens are verified (RFC 7517), by their `kid`, as their issuer publishes them.
actor KeySet {
    struct Key: Sendable {
        /// Verifies by this key alone.
        let verifier: JWTKeyCollection
        /// Nil when the key says nothing: then the token's algorithm counts, among those allowed.
        let algorithm: String?
        /// `RSA`, `EC` or `OKP`.
        let type: String
    }

    private let rules: TokenRules
    private let logger: Logger
    private var keys: [String: Key] = [:]
    private var fetched: ContinuousClock.Instant?
    private var asked: ContinuousClock.Instant?
    private var fetching: Task<Void, any Error>?

    init(_ rules: TokenRules, logger: Logger) {
        (self.rules, self.logger) = (rules, logger)
    }

    /// The key of that name; without a name the only one there is. Looks for new keys when there is none, as
    /// often as the rules allow, and when those here are old. Nil when nobody knows it.
    func key(_ name: String?) async -> Key? {
        if let known = find(name) {
            let isOld = fetched.map { $0.duration(to: .now) > rules.keyLifetime } ?? true
            if isOld { Task { await self.refresh() } }  // nobody waits for an issuer that is slow
            return known
        }
        await refresh()
        return find(name)
    }

    private func find(_ name: String?) -> Key? {
        guard let name else { return keys.count == 1 ? keys.values.first : nil }
        return keys[name]
    }

    /// Whoever comes while keys are fetched waits for them.
    private func refresh() async {
        if fetching == nil {
            if let asked, asked.duration(to: .now) < rules.refreshInterval { return }
            asked = .now
            fetching = Task { try await self.fetch() }
        }
        do {
            try await fetching?.value
        } catch {
            logger.warning("cannot fetch the keys of tokens", metadata: ["error": "\(error)"])
        }
        fetching = nil
    }

    /// Fails when they cannot be had. What was known before stays then.
    func fetch() async throws {
        let text = rules.keys.isFileURL ? try file() : try await download()
        keys = try await Self.read(text)
        fetched = .now
    }

    private func file() throws -> [UInt8] { [UInt8](try Data(contentsOf: rules.keys)) }

    private func download() async throws -> [UInt8] {
        var request = HTTPClientRequest(url: rules.keys.absoluteString)
        request.headers.add(name: "accept", value: "application/json")
        let asking = request
        return try await HTTPClient.withHTTPClient(configuration: client) { client in
            let response = try await client.execute(asking, timeout: .seconds(5))
            guard response.status == .ok else { throw KeySetError.status(Int(response.status.code)) }
            return Array(try await response.body.collect(upTo: 262_144).readableBytesView)
        }
    }

    /// Redirections are not followed: they could lead to where nobody vouches for the keys.
    private var client: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        if let roots = rules.keysTrustRoots {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.trustRoots = .certificates(roots)
            configuration.tlsConfiguration = tls
        }
        return configuration
    }

    /// Keys that are of no use here are passed over: for encryption, or of a kind that is not known.
    private static func read(_ text: [UInt8]) async throws -> [String: Key] {
        let list = try JSONDecoder().decode(List.self, from: Data(text))
        var keys: [String: Key] = [:]
        for (index, entry) in list.keys.enumerated() where entry.use ?? "sig" == "sig" {
            guard var jwk = entry.jwk else { continue }
            let name = entry.kid ?? "\(index)"
            jwk.keyIdentifier = JWKIdentifier(string: name)
            guard let verifier = try? await JWTKeyCollection().add(jwk: jwk) else { continue }
            keys[name] = Key(verifier: verifier, algorithm: entry.alg, type: entry.kty)
        }
        guard !keys.isEmpty else { throw KeySetError.empty }
        return keys
    }

    private struct List: Decodable { let keys: [Entry] }

    private struct Entry: Decodable {
        let kid: String?
        let use: String?
        let alg: String?
        let kty: String
        /// Nil when jwt-kit knows no such key.
        let jwk: JWK?

        private enum CodingKeys: String, CodingKey { case kid, use, alg, kty }

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            kid = try fields.decodeIfPresent(String.self, forKey: .kid)
            use = try fields.decodeIfPresent(String.self, forKey: .use)
            alg = try fields.decodeIfPresent(String.self, forKey: .alg)
            kty = try fields.decode(String.self, forKey: .kty)
            jwk = try? JWK(from: decoder)
        }
    }
}

/// Why keys are not to be had.
enum KeySetError: Error, CustomStringConvertible {
    case status(Int)
    case empty

    var description: String {
        switch self {
        case .status(let code): "the address of the keys answers \(code)"
        case .empty: "there is no key for signatures among them"
        }
    }
}
