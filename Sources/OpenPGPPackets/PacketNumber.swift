/// Numbers in packets, RFC 9580 section 3.2.
package enum PacketNumber {
    /// A number of a fixed size, the most significant byte first.
    package static func take(_ rest: inout ArraySlice<UInt8>, bytes: Int) -> Int? {
        guard rest.count >= bytes else { return nil }
        defer { rest = rest.dropFirst(bytes) }
        return rest.prefix(bytes).reduce(0) { $0 << 8 | Int($1) }
    }

    package static func bytes(_ number: Int, _ count: Int) -> [UInt8] {
        (0..<count).reversed().map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }

    /// A number of any size: how many bits it has is right, and the first byte is not 0.
    package static func takeLong(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard let bits = take(&rest, bytes: 2), let first = rest.first else { return nil }
        let count = (bits + 7) / 8
        guard first != 0, bits == count * 8 - first.leadingZeroBitCount, count <= rest.count else {
            return nil
        }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    /// How it is written, with how many bits it has before it; without zeros in front.
    package static func long(_ number: some Collection<UInt8>) -> [UInt8] {
        let digits = Array(number.drop { $0 == 0 })
        return bytes(bits(digits[...]), 2) + digits
    }

    package static func bits(_ number: ArraySlice<UInt8>) -> Int {
        number.count * 8 - (number.first?.leadingZeroBitCount ?? 0)
    }

    /// Two upper-case digits a byte.
    package static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        let text = bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: text, as: UTF8.self)
    }

    /// With zeros in front up to so many bytes; nil if it has more.
    package static func padded(_ number: ArraySlice<UInt8>, to count: Int) -> [UInt8]? {
        number.count > count ? nil : Array(repeating: 0, count: count - number.count) + number
    }
}
