import Crypto

/// The hash functions that signatures may use, by their numbers: SHA-2 and SHA-3 with 256 bits or more. RFC 9580
/// section 9.5.
package enum HashAlgorithm: UInt8 {
    case sha256 = 8
    case sha384 = 9
    case sha512 = 10
    case sha3Of256 = 12
    case sha3Of512 = 14

    package func digest(_ parts: [[UInt8]]) -> [UInt8] {
        switch self {
        case .sha256: Self.digest(parts, SHA256())
        case .sha384: Self.digest(parts, SHA384())
        case .sha512: Self.digest(parts, SHA512())
        case .sha3Of256: Self.digest(parts, SHA3_256())
        case .sha3Of512: Self.digest(parts, SHA3_512())
        }
    }

    private static func digest(_ parts: [[UInt8]], _ function: some HashFunction) -> [UInt8] {
        var function = function
        for part in parts { function.update(data: part) }
        return Array(function.finalize())
    }
}
