import Postgres

/// Named texts in the form `application/x-www-form-urlencoded`: of a body, or of a query.
///
/// Hummingbird's decoder reads `a[b]` as a structure and passes over a name without `=`, and its query takes the first
/// of two values: portals' forms are flat, and of two values nobody knows which counts.
package struct Form: Sendable {
    /// By name, the empty ones, too.
    package private(set) var values: [String: String] = [:]

    /// Fails with 400 when it cannot be read or names something twice.
    ///
    /// - Parameter lenient: names whose values may hold bytes that are no UTF-8, which become U+FFFD.
    package init(_ text: some Collection<UInt8>, lenient: Set<String> = []) throws(Problem) {
        for pair in text.split(separator: UInt8(ascii: "&")) {
            let parts = pair.split(
                separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = decoded(parts[0]),
                let bytes = decodedBytes(parts.count > 1 ? parts[1] : pair.suffix(0)),
                let value = lenient.contains(name)
                    ? String(decoding: bytes, as: UTF8.self) : String(validating: bytes, as: UTF8.self)
            else {
                throw .invalidRequest("a parameter is not percent-encoded UTF-8")
            }
            guard values.updateValue(value, forKey: name) == nil else {
                throw .invalidRequest("a parameter is given twice")
            }
        }
    }

    /// Nil when it is missing or empty.
    package subscript(name: String) -> String? {
        values[name].flatMap { $0.isEmpty ? nil : $0 }
    }
}

private func decoded(_ text: some Collection<UInt8>) -> String? {
    decodedBytes(text).flatMap { String(validating: $0, as: UTF8.self) }
}

private func decodedBytes(_ text: some Collection<UInt8>) -> [UInt8]? {
    percentDecodedBytes(text.map { $0 == UInt8(ascii: "+") ? UInt8(ascii: " ") : $0 })
}

/// RFC 3986 section 2.1; nil when it is malformed or no UTF-8.
func percentDecoded(_ bytes: some Collection<UInt8>) -> String? {
    percentDecodedBytes(bytes).flatMap { String(validating: $0, as: UTF8.self) }
}

private func percentDecodedBytes(_ bytes: some Collection<UInt8>) -> [UInt8]? {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var rest = bytes.makeIterator()
    while let byte = rest.next() {
        guard byte == UInt8(ascii: "%") else {
            result.append(byte)
            continue
        }
        guard let high = rest.next().flatMap(hexadecimalValue),
            let low = rest.next().flatMap(hexadecimalValue)
        else { return nil }
        result.append(high << 4 | low)
    }
    return result
}
