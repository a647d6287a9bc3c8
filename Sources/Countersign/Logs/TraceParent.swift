import Postgres

/// `traceparent` of W3C Trace Context, version 00: what a call is part of. The database keeps the same and no other.
package struct TraceParent: Sendable, Equatable {
    /// 32 lower-case hexadecimal digits, not all zero.
    package let traceID: String
    /// The caller's span: 16 such digits.
    package let spanID: String
    /// Whether the caller records its span.
    package let isSampled: Bool

    /// Nil for anything else, which the standard wants ignored.
    package init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [2, 32, 16, 2], parts[0] == "00", parts.allSatisfy(isLowerHex),
            !parts[1...2].contains(where: { $0.allSatisfy { $0 == "0" } })
        else { return nil }
        (traceID, spanID) = (String(parts[1]), String(parts[2]))
        isSampled = (UInt8(parts[3], radix: 16) ?? 0) & 1 == 1
    }

    /// A new span of the caller's trace, or of a new one.
    package init(childOf caller: TraceParent?) {
        traceID = caller?.traceID ?? hexadecimalDigits(16)
        spanID = hexadecimalDigits(8)
        isSampled = caller?.isSampled ?? true
    }

    package var text: String { "00-\(traceID)-\(spanID)-\(isSampled ? "01" : "00")" }
}

/// Of so many random bytes, which are never all zero.
private func hexadecimalDigits(_ count: Int) -> String {
    let bytes = randomBytes(count)
    guard bytes.contains(where: { $0 != 0 }) else { return hexadecimalDigits(count) }
    return hexadecimal(bytes)
}

private func isLowerHex(_ text: Substring) -> Bool {
    text.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) }
}
