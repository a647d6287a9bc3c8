import Countersign

/// Text without characters that could move a terminal's cursor or reorder what stands beside it: each becomes
/// U+FFFD. Names and messages come from databases that others write to.
func plain(_ text: String) -> String {
    masked(text.unicodeScalars, where: \.isUnprintable)
}

/// How many columns of a terminal a text takes.
func displayWidth(_ text: String) -> Int {
    text.reduce(0) { $0 + displayWidth($1) }
}

/// Two for wide characters (Unicode Standard Annex 11) and emoji, none for a lone mark.
private func displayWidth(_ character: Character) -> Int {
    let scalars = character.unicodeScalars
    guard let first = scalars.first, first.value > 0x7F else { return 1 }
    if scalars.contains(where: { $0.isWide || $0 == "\u{FE0F}" }) { return 2 }
    switch first.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: return 1
    }
}

extension Unicode.Scalar {
    fileprivate var isWide: Bool {
        switch value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3,
            0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD:
            true
        default: properties.isEmojiPresentation
        }
    }
}

/// A duration in at most two units: `12 ms`, `3.2 s`, `3 min 5 s`, `2 h`, `5 d 4 h`.
func readable(_ duration: Duration) -> String {
    guard duration >= .zero else { return "-" + readable(.zero - duration) }
    let seconds = Int(duration.components.seconds)
    switch duration {
    case ..<(.seconds(1)): return "\(Int(duration / .milliseconds(1))) ms"
    case ..<(.seconds(60)):
        let tenths = Int(duration / .milliseconds(100))
        return tenths % 10 == 0 ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
    case ..<(.seconds(3_600)): return units(seconds / 60, "min", seconds % 60, "s")
    case ..<(.seconds(86_400)): return units(seconds / 3_600, "h", seconds / 60 % 60, "min")
    default: return units(seconds / 86_400, "d", seconds / 3_600 % 24, "h")
    }
}

private func units(_ large: Int, _ largeUnit: String, _ small: Int, _ smallUnit: String) -> String {
    small == 0 ? "\(large) \(largeUnit)" : "\(large) \(largeUnit) \(small) \(smallUnit)"
}
