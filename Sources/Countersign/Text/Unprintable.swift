extension Unicode.Scalar {
    /// Control characters, line separators and directional formatting (Unicode Standard Annex 9).
    package var isUnprintable: Bool {
        switch value {
        case 0...0x1F, 0x7F...0x9F, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
