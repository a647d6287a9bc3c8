/// Reads RFC 4648 section 4, a character at a time. How much padding there is says nothing.
package struct Base64 {
    package private(set) var bytes: [UInt8] = []
    private var buffer: UInt32 = 0
    private var bits = 0
    private var isPadded = false

    /// False at a character that does not belong there.
    package mutating func read(_ character: UInt8) -> Bool {
        guard character != UInt8(ascii: "=") else {
            isPadded = true
            return true
        }
        guard !isPadded, let value = Self.value(character) else { return false }
        buffer = buffer << 6 | UInt32(value)
        bits += 6
        if bits >= 8 {
            bits -= 8
            bytes.append(UInt8(truncatingIfNeeded: buffer >> bits))
            buffer &= 1 << bits - 1
        }
        return true
    }

    /// No character is missing, and no bit is set beyond the last byte.
    package var isWhole: Bool { bits < 6 && buffer == 0 }

    private static func value(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - 65
        case UInt8(ascii: "a")...UInt8(ascii: "z"): character - 71
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character + 4
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
