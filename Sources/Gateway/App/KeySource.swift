import AsyncHTTPClient
import Countersign
import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOSSL
import Resolver

/// Where a key set is published: a file, or an address.
struct KeySource: Sendable {
    let address: URL
    /// Certificates that an https address is trusted by; nil is the system's.
    let trustRoots: [NIOSSLCertificate]?

    /// How long it may take, from the look-up of its name to the last byte.
    let patience: Duration
    /// Looks up the address's name. The client would ask getaddrinfo, which nobody can end while a name server is silent.
    let resolver: NameResolver

    private static let longest = 262_144

    /// The keys that are of use, and the whole text. Members that cannot be read are passed over (RFC 7517 section 5), and
    /// so are those for something else. Fails when there is no set, or no key in it.
    func read() async throws -> (keys: [TokenKey], text: [UInt8]) {
        let text = address.isFileURL ? [UInt8](try Data(contentsOf: address)) : try await download()
        return (try await Self.keys(text), text)
    }

    static func keys(_ text: [UInt8]) async throws -> [TokenKey] {
        guard let list = try? JSONDecoder().decode(List.self, from: Data(text)) else {
            throw KeySetError.unreadable
        }
        var keys: [TokenKey] = []
        for published in list.keys.compactMap(\.key) {
            if let key = await TokenKey(published) { keys.append(key) }
        }
        guard !keys.isEmpty else { throw KeySetError.empty }
        return keys
    }

    private struct List: Decodable { let keys: [Member] }

    private struct Member: Decodable {
        /// Nil when it cannot be read.
        let key: PublishedKey?

        init(from decoder: any Decoder) { key = try? PublishedKey(from: decoder) }
    }

    /// The time limit is for all of it: the client's own ends with the head, and an issuer that sends byte after byte
    /// would never be asked again.
    private func download() async throws -> [UInt8] {
        try await withThrowingTaskGroup(of: [UInt8].self) { group in
            defer { group.cancelAll() }
            group.addTask(name: "keys") { try await fetch() }
            group.addTask(name: "keys' time limit") {
                try await Task.sleep(for: patience)
                throw KeySetError.late
            }
            return try await group.next() ?? []
        }
    }

    /// From the first of its addresses that answers.
    private func fetch() async throws -> [UInt8] {
        guard let host = address.host(), !host.hasPrefix("["), IPAddress(host) == nil else {
            return try await fetch(client)
        }
        var failure: any Error = KeySetError.late
        for place in try await resolver.addresses(of: host.lowercased(), for: 0) {
            var client = client
            client.dnsOverride = [host: "\(place)"]
            do {
                return try await fetch(client)
            } catch let error as KeySetError {
                throw error
            } catch {
                failure = error
            }
        }
        throw failure
    }

    private func fetch(_ client: HTTPClient.Configuration) async throws -> [UInt8] {
        var request = HTTPClientRequest(url: address.absoluteString)
        request.headers.add(name: "accept", value: "application/jwk-set+json, application/json")
        let asking = request
        return try await HTTPClient.withHTTPClient(configuration: client) { client in
            let response = try await client.execute(asking, timeout: TimeAmount(patience))
            guard response.status == .ok else { throw KeySetError.status(Int(response.status.code)) }
            return Array(try await response.body.collect(upTo: Self.longest).readableBytesView)
        }
    }

    /// Redirections are not followed: they could lead to where nobody vouches for the keys.
    private var client: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        // Over HTTP/2 what decodes answers stops the program at a status that is negative or empty.
        configuration.httpVersion = .http1Only
        configuration.timeout.connect = .seconds(2)
        if let trustRoots {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.trustRoots = .certificates(trustRoots)
            configuration.tlsConfiguration = tls
        }
        return configuration
    }
}

/// Why keys are not to be had.
enum KeySetError: Error, CustomStringConvertible {
    case status(Int)
    case late
    case unreadable
    case empty

    var description: String {
        switch self {
        case .status(let code): "the address of the keys answers \(code)"
        case .late: "the address of the keys does not answer in time"
        case .unreadable: "what stands there is no JWK set (RFC 7517 section 5)"
        case .empty: "there is no key for signatures among them"
        }
    }
}
