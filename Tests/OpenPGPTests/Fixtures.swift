import Foundation

/// Armor made in the tests' own way, so that changed packets get a right checksum.
func armor(_ bytes: [UInt8], _ block: String) -> String {
    let body = Data(bytes).base64EncodedString(options: [.lineLength64Characters, .endLineWithLineFeed])
    let sum = checksum(bytes)
    let tail = Data([16, 8, 0].map { UInt8(truncatingIfNeeded: sum >> $0) }).base64EncodedString()
    return "-----BEGIN PGP \(block)-----\n\n\(body)\n=\(tail)\n-----END PGP \(block)-----\n"
}

/// CRC-24, RFC 9580 section 6.1.1.
private func checksum(_ bytes: [UInt8]) -> UInt32 {
    bytes.reduce(0xB704CE) { sum, byte in
        (0..<8).reduce(sum ^ UInt32(byte) << 16) { sum, _ in
            let shifted = sum << 1
            return shifted & 0x1000000 == 0 ? shifted : shifted ^ 0x1864CFB
        } & 0xFFFFFF
    }
}

/// The bytes in an armored text.
func dearmor(_ text: String) -> [UInt8] {
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    let body = lines.drop { !$0.isEmpty }.prefix { !$0.hasPrefix("=") && !$0.hasPrefix("-----END") }
    return Array(Data(base64Encoded: body.joined()) ?? Data())
}

/// Now, in seconds since 1970.
func now() -> UInt64 { UInt64(Date().timeIntervalSince1970) }

/// A time as `--faked-system-time` of gpg takes it: so many seconds from now.
func fakedTime(_ offset: Int) -> [String] {
    ["--faked-system-time", "\(Int(now()) + offset)!"]
}
