import Countersign
import FoundationEssentials
import JWTKit

/// A public key (RFC 7517) by which tokens are verified.
struct TokenKey: Sendable {
    /// Its `kid`.
    let name: String?
    /// What verifies, by the algorithm's name: those for which a key of this kind may be used, and of them, where the key
    /// names one, that one alone (RFC 8725 section 3.1). A token cannot choose another use.
    let algorithms: [String: any JWTAlgorithm]

    /// Nil for what is of no use here: for encryption, of a kind that is not known, too weak, or with its private half,
    /// by which everybody who can read it could sign.
    init?(_ published: PublishedKey) async {
        guard published.use ?? "sig" == "sig", published.key_ops?.contains("verify") ?? true,
            !published.hasPrivateHalf
        else { return nil }
        var algorithms: [String: any JWTAlgorithm] = [:]
        let given = published.alg.map(TokenRules.canonical)
        for name in published.possibleAlgorithms where given ?? name == name {
            algorithms[name] = await published.algorithm(name)
        }
        guard !algorithms.isEmpty else { return nil }
        (name, self.algorithms) = (published.kid, algorithms)
    }
}

/// A member of a key set as it is written.
struct PublishedKey: Decodable {
    private let kty: String
    let kid: String?
    let use: String?
    let key_ops: [String]?
    let alg: String?
    private let crv: String?
    private let x: String?
    private let y: String?
    private let n: String?
    private let e: String?
    /// Only that it is there.
    private let d: Ignored?

    private struct Ignored: Decodable { init(from decoder: any Decoder) {} }

    var hasPrivateHalf: Bool { d != nil }

    /// By its kind and curve.
    var possibleAlgorithms: [String] {
        switch (kty, crv) {
        case ("EC", "P-256"): ["ES256"]
        case ("EC", "P-384"): ["ES384"]
        case ("EC", "P-521"): ["ES512"]
        case ("OKP", "Ed25519"): ["EdDSA"]
        case ("RSA", _): hasSoundModulus ? ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"] : []
        default: []
        }
    }

    /// 2,048 bits at least (RFC 7518 section 3.3), and no more than are verified at once: 8,192, with an exponent of 64.
    private var hasSoundModulus: Bool {
        let modulus = n.flatMap { base64URLDecoded($0.utf8) }?.drop { $0 == 0 }.count ?? 0
        let exponent = e.flatMap { base64URLDecoded($0.utf8) }?.drop { $0 == 0 }.count ?? 0
        return (256...1_024).contains(modulus) && (1...8).contains(exponent)
    }

    /// The library's key for one algorithm; nil where it finds that this is none, such as a point beside the curve.
    func algorithm(_ name: String) async -> (any JWTAlgorithm)? {
        let identifier = JWKIdentifier(string: "this")
        guard let algorithm = JWK.Algorithm(rawValue: name) else { return nil }
        let jwk =
            switch kty {
            case "RSA": JWK.rsa(algorithm, identifier: identifier, modulus: n, exponent: e)
            case "EC":
                JWK.ecdsa(
                    algorithm, identifier: identifier, x: x, y: y,
                    curve: crv.flatMap { ECDSACurve(rawValue: $0) })
            default: JWK.octetKeyPair(algorithm, identifier: identifier, x: x, y: nil, curve: .ed25519)
            }
        return try? await JWTKeyCollection().add(jwk: jwk).getKey(for: identifier)
    }
}
