import Countersign

/// What a portal says of its visitor, as the database takes it: what cannot be used is dropped, and no sign-in fails for
/// it.
enum SignInContext {
    /// The visitor's address: of a list, as proxies make it, the last that is not of an internal network, for visitors
    /// write what stands before it. Nil for what is none.
    static func address(_ text: String?) -> String? {
        let known = (text ?? "").utf8.split(separator: UInt8(ascii: ",")).compactMap {
            IPAddress(forwarded: Substring($0))?.unmapped
        }
        let last = known.last { address in !internalNetworks.contains { $0.contains(address) } } ?? known.last
        return last?.description
    }

    /// Of RFC 1918, 6598, 3927, 4193 and 4291, and this machine.
    private static let internalNetworks = AddressRange.known(
        "10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, 169.254.0.0/16, 127.0.0.0/8, fc00::/7, fe80::/10, ::1"
    )

    /// A language tag in lower case (RFC 5646): of a list, as browsers send it, the first, and of that as many subtags
    /// as are sound. `nl_NL` is `nl-nl`. Nil for none.
    static func language(_ text: String?) -> String? {
        let first = (text ?? "").utf8.drop { $0 == UInt8(ascii: " ") }.prefix { !",; ".utf8.contains($0) }
        let tag = String(decoding: first, as: UTF8.self).lowercased().utf8
        let subtags = tag.split(omittingEmptySubsequences: false) {
            $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
        }
        guard let primary = subtags.first, (2...3).contains(primary.count), primary.allSatisfy(isLetter)
        else {
            return nil
        }
        let others = subtags.dropFirst().prefix {
            (2...8).contains($0.count) && $0.allSatisfy { isLetter($0) || isDigit($0) }
        }
        // Sound ones have some 20 characters; the database takes 35.
        return ([primary] + others.prefix(3)).map { String(decoding: $0, as: UTF8.self) }.joined(
            separator: "-")
    }

    /// So many characters of it are kept.
    static let longestUserAgent = 1_024

    /// The visitor's browser, with U+FFFD for what is not printable, and without what is too much.
    static func userAgent(_ text: String?) -> String? {
        text.map { masked($0.unicodeScalars.prefix(longestUserAgent)) { !$0.isSeen } }
    }

    /// Nil for what the database would refuse.
    static func browserID(_ text: String?) -> String? {
        guard let scalars = text?.unicodeScalars, (16...255).contains(scalars.count), !scalars.contains("\0")
        else { return nil }
        return text
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }
    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
