/// `traceparent` of W3C Trace Context, version 00: what a call is part of. The database keeps the same and no other.
package struct TraceParent: Sendable, Equatable {
    /// 32 lower-case hexadecimal digits, not all zero.
    package let traceID: String
    /// The caller's span: 16 such digits.
    package let spanID: String

    /// Nil for anything else, which the standard wants ignored.
    package init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [2, 32, 16, 2], parts[0] == "00", parts.allSatisfy(isLowerHex),
            !parts[1...2].contains(where: { $0.allSatisfy { $0 == "0" } })
        else { return nil }
        (traceID, spanID) = (String(parts[1]), String(parts[2]))
    }
}

private func isLowerHex(_ text: Substring) -> Bool {
    text.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) }
}
