import Crypto
import CryptoExtras
import Foundation
import Gateway
import Support
import Synchronization
import Testing

/// The kinds of keys that tokens are signed with, and where they come from.
@Suite(.database) struct TokenKeyTests {
    /// A key that tokens are signed with, by nothing of the product's own.
    struct Signer: Sendable, CustomTestStringConvertible {
        let algorithm: String
        let jwk: [String: String]
        let sign: @Sendable (Data) throws -> Data

        var testDescription: String { algorithm }
    }

    static let signers: [Signer] = [
        curve("ES384", "P-384", P384.Signing.PrivateKey()) { try $0.signature(for: $1).rawRepresentation },
        curve("ES512", "P-521", P521.Signing.PrivateKey()) { try $0.signature(for: $1).rawRepresentation },
        edwards(), rsa("RS256", .insecurePKCS1v1_5), rsa("PS256", .PSS),
    ]

    private static func curve<Key: Sendable>(
        _ algorithm: String, _ name: String, _ key: Key,
        _ sign: @escaping @Sendable (Key, Data) throws -> Data
    ) -> Signer where Key: HasPoint {
        let point = key.point
        let half = point.count / 2
        return Signer(
            algorithm: algorithm,
            jwk: [
                "kty": "EC", "crv": name, "x": base64URL(point.prefix(half)),
                "y": base64URL(point.suffix(half)),
            ]
        ) { try sign(key, $0) }
    }

    private static func edwards() -> Signer {
        let key = Curve25519.Signing.PrivateKey()
        let jwk = ["kty": "OKP", "crv": "Ed25519", "x": base64URL(key.publicKey.rawRepresentation)]
        return Signer(algorithm: "EdDSA", jwk: jwk) { try key.signature(for: $0) }
    }

    private static func rsa(_ algorithm: String, _ padding: _RSA.Signing.Padding) -> Signer {
        do {
            let key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
            let numbers = try key.publicKey.getKeyPrimitives()
            let jwk = [
                "kty": "RSA", "n": base64URL(numbers.modulus), "e": base64URL(numbers.publicExponent),
            ]
            return Signer(algorithm: algorithm, jwk: jwk) {
                try key.signature(for: $0, padding: padding).rawRepresentation
            }
        } catch {
            return Signer(algorithm: algorithm, jwk: [:]) { _ in throw error }
        }
    }

    private func status(_ http: RawHTTP, _ token: String) async throws -> Int {
        try await http.send(request("GET", "/app/v1/enrollments", ["Authorization": "Bearer \(token)"]))
            .status
    }

    @Test(arguments: signers) func `a key of each kind`(signer: Signer) async throws {
        let site = try await GatewaySite.make()
        let issuer = try TokenIssuer()
        let jwk = signer.jwk.merging(["kid": "this", "use": "sig"]) { $1 }
        try JSONSerialization.data(withJSONObject: ["keys": [jwk]]).write(to: issuer.file)
        let signed = try issuer.unsigned(header: ["alg": signer.algorithm, "kid": "this"])
        let token = "\(signed).\(base64URL(try signer.sign(Data(signed.utf8))))"
        let other = try issuer.unsigned("bob", header: ["alg": signer.algorithm, "kid": "this"])
        let forged = "\(other).\(token.split(separator: ".")[2])"
        try await withGateway(
            site,
            { configuration in
                configuration.tokens = issuer.rules(app: site.app)
                configuration.tokens?.allowed = Set(TokenRules.algorithms)
            }
        ) { http in
            let codes = [try await status(http, token), try await status(http, forged)]
            #expect(codes == [200, 401])
        }
        try await withGateway(
            site,
            { configuration in
                configuration.tokens = issuer.rules(app: site.app)
                configuration.tokens?.allowed = ["ES256"]
            }
        ) { http in
            let code = try await status(http, token)
            #expect(code == 401, "not allowed here")
        }
    }

    /// The issuer's own CA signs for its address, as in many a house.
    @Test(arguments: [("good", true), ("wrong-name", false), ("expired", false), ("self-signed", false)])
    func `keys come by https, from whom the certificate names`(name: String, isFine: Bool) async throws {
        let site = try await GatewaySite.make()
        let issuer = try TokenIssuer()
        let keys = try String(contentsOf: issuer.file, encoding: .utf8)
        try await Certificates.make { certificates in
            try await Receiver.run(tls: try certificates.context(name)) { _, _ in
                .status(200, headers: ["content-type": "application/json"], body: keys)
            } _: { receiver in
                let address = try #require(URL(string: "https://localhost:\(receiver.port)/jwks"))
                var rules = TokenRules(
                    keys: address, issuer: TokenIssuer.issuer, audience: TokenIssuer.audience, app: site.app)
                try #require({ rules.trustKeys(by: certificates.authority) }())
                let trusting = rules
                try await withGateway(site, { $0.tokens = trusting }) { http in
                    let code = try await status(http, issuer.token())
                    #expect(code == (isFine ? 200 : 401))
                }
                #expect(receiver.received.count == (isFine ? 1 : 0))
            }
        }
    }

    @Test func `a redirection of the keys is not followed`() async throws {
        let site = try await GatewaySite.make()
        let issuer = try TokenIssuer()
        let keys = try String(contentsOf: issuer.file, encoding: .utf8)
        try await Receiver.run { _, received in
            received.path == "/moved"
                ? .status(200, body: keys) : .status(302, headers: ["location": "/moved"])
        } _: { receiver in
            var rules = issuer.rules(app: site.app)
            rules.keys = try #require(URL(string: "\(receiver.address)/jwks"))
            let moved = rules
            try await withGateway(site, { $0.tokens = moved }) { http in
                let code = try await status(http, issuer.token())
                #expect(code == 401)
            }
            #expect(!receiver.received.isEmpty && receiver.received.allSatisfy { $0.path == "/jwks" })
        }
    }

    @Test func `certificates that cannot be read`() throws {
        var rules = try TokenIssuer().rules(app: "mobile")
        let (missing, other) = (rules.trustKeys(by: "/nothing.pem"), rules.trustKeys(by: "/etc/hostname"))
        #expect(!missing && !other)
    }
}

/// A key on a curve of NIST's.
protocol HasPoint { var point: Data { get } }
extension P384.Signing.PrivateKey: HasPoint { var point: Data { publicKey.rawRepresentation } }
extension P521.Signing.PrivateKey: HasPoint { var point: Data { publicKey.rawRepresentation } }
