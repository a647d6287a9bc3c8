import Cqrencode

/// The modules of a QR code (ISO/IEC 18004), without the quiet zone.
package struct QRCode: Sendable {
    /// Modules on a side.
    package let size: Int
    private let isDark: [Bool]

    /// Light modules that must surround it on each side (ISO/IEC 18004 section 6.3.8).
    package static let quietZone = 4
    /// Bytes at most: what fits at the error correction of 15 % used here.
    package static let capacity = 2_331

    /// Error correction M: codes are shown on screens, and the smaller one is scanned from farther away.
    /// Nil when the text is empty or too long.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard (1...Self.capacity).contains(bytes.count),
            let code = unsafe QRcode_encodeData(Int32(bytes.count), bytes, 0, QR_ECLEVEL_M)
        else { return nil }
        defer { unsafe QRcode_free(code) }
        let width = unsafe Int(code.pointee.width)
        let modules = unsafe UnsafeBufferPointer(start: code.pointee.data, count: width * width)
        size = width
        isDark = unsafe modules.map { $0 & 1 == 1 }
    }

    /// Also outside: the quiet zone is light.
    func isDark(_ column: Int, _ row: Int) -> Bool {
        (0..<size).contains(column) && (0..<size).contains(row) && isDark[row * size + column]
    }
}
