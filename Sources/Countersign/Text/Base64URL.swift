import FoundationEssentials

/// Base64url without padding (RFC 4648 section 5): as in codes and tokens.
package func base64URLEncoded(_ bytes: some Sequence<UInt8>) -> String {
    Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing(
        "=", with: "")
}

/// The bytes of base64url without padding (RFC 4648 section 5), in the one spelling that they have: no padding, no line
/// feed, nothing of the other alphabet, and no bit set behind the last byte, by which one token would have several texts
/// (RFC 7515 section 2). Nil for anything else.
package func base64URLDecoded(_ text: some Collection<UInt8>) -> [UInt8]? {
    decoded(Array(text))
}

/// Of bytes that lie in a row: one call of a collection's iterator for each took 3.5 % of the time of `serve`.
private func decoded(_ text: [UInt8]) -> [UInt8]? {
    guard text.count % 4 != 1 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count * 3 / 4)
    var (bits, count) = (UInt32(0), 0)
    for character in text {
        guard let value = base64URLValue(character) else { return nil }
        bits = bits << 6 | value
        count += 6
        guard count >= 8 else { continue }
        count -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
    }
    return bits & (1 << UInt32(count) - 1) == 0 ? bytes : nil
}

private func base64URLValue(_ character: UInt8) -> UInt32? {
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - UInt8(ascii: "A"))
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a")) + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - UInt8(ascii: "0")) + 52
    case UInt8(ascii: "-"): 62
    case UInt8(ascii: "_"): 63
    default: nil
    }
}
