import Czlib

/// PNG (RFC 2083), one bit a pixel. It takes three chunks and zlib, which is linked anyway; a library for all the
/// other kinds of PNG would be one more thing to keep up to date.
extension QRCode {
    /// - Parameter scale: pixels of a module, 1 to 32.
    package func png(scale: Int) -> [UInt8] {
        let scale = min(max(scale, 1), 32)
        let side = side * scale
        // Width, height, one bit, greyscale, and the only methods there are.
        let header = bigEndian(UInt32(side)) + bigEndian(UInt32(side)) + [1, 0, 0, 0, 0]
        let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
        return signature + chunk("IHDR", header) + chunk("IDAT", compressed(pixels(scale)))
            + chunk("IEND", [])
    }

    /// The lines, each begun by its filter, none; a bit is 1 where it is white.
    private func pixels(_ scale: Int) -> [UInt8] {
        let range = -Self.quietZone..<size + Self.quietZone
        return range.flatMap { row -> [UInt8] in
            let bits = range.flatMap { Array(repeating: !isDark($0, row), count: scale) }
            let line = [0] + packed(bits)
            return (0..<scale).flatMap { _ in line }
        }
    }

    /// Eight to a byte, the first in the highest bit.
    private func packed(_ bits: [Bool]) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: (bits.count + 7) / 8)
        for (index, bit) in bits.enumerated() where bit { bytes[index / 8] |= 128 >> UInt8(index % 8) }
        return bytes
    }
}

private func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
    let content = Array(name.utf8) + data
    let checksum = unsafe crc32(0, content, UInt32(content.count))
    return bigEndian(UInt32(data.count)) + content + bigEndian(UInt32(checksum))
}

private func compressed(_ bytes: [UInt8]) -> [UInt8] {
    var length = compressBound(UInt(bytes.count))
    var result = [UInt8](repeating: 0, count: Int(length))
    // With room for the worst case only memory can be lacking.
    let code = unsafe compress(&result, &length, bytes, UInt(bytes.count))
    precondition(code == Z_OK, "zlib has no memory")
    return Array(result.prefix(Int(length)))
}

private func bigEndian(_ number: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
}
