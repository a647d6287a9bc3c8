/// A text of these with U+FFFD in the place of what may not be shown.
package func masked(
    _ scalars: some Sequence<Unicode.Scalar>, where isMasked: (Unicode.Scalar) -> Bool
) -> String {
    String(String.UnicodeScalarView(scalars.map { isMasked($0) ? "\u{FFFD}" : $0 }))
}

extension Unicode.Scalar {
    /// Whether it cannot be seen or moves what stands beside it: control characters, separators of lines, formatting
    /// (Unicode Standard Annex 9 has those that give a direction), what is ignored by default, fillers, and what is
    /// nobody's or private. Joiners and the two variation selectors of emoji are printable: they make one sign of several.
    package var isUnprintable: Bool {
        switch value {
        case 0x20...0x7E, 0x200C, 0x200D, 0xFE0E, 0xFE0F: return false
        // Signs of numbers and verses are formatting by category, and visible.
        case 0x600...0x605, 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD: return false
        case 0x2800: return true  // a blank that is none by category
        default: break
        }
        switch properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .format, .privateUse, .unassigned: return true
        default: return properties.isDefaultIgnorableCodePoint
        }
    }
}
