/// Named texts in the form `application/x-www-form-urlencoded`: of a body, or of a query.
struct Form: Sendable {
    private var values: [String: String] = [:]

    /// Fails with 400 when it cannot be read or names something twice: of two values nobody knows which counts.
    init(_ text: some StringProtocol) throws(Problem) {
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = decoded(parts[0]), let value = decoded(parts.count > 1 ? parts[1] : "") else {
                throw .invalidRequest("a parameter is not percent-encoded UTF-8")
            }
            guard values.updateValue(value, forKey: name) == nil else {
                throw .invalidRequest("a parameter is given twice")
            }
        }
    }

    /// Nil when it is missing or empty.
    subscript(name: String) -> String? {
        values[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    var names: Dictionary<String, String>.Keys { values.keys }
}

private func decoded(_ text: some StringProtocol) -> String? {
    percentDecoded(text.utf8.map { $0 == UInt8(ascii: "+") ? UInt8(ascii: " ") : $0 })
}

/// RFC 3986 section 2.1; nil when it is malformed or no UTF-8.
func percentDecoded(_ bytes: some Collection<UInt8>) -> String? {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var rest = bytes.makeIterator()
    while let byte = rest.next() {
        guard byte == UInt8(ascii: "%") else {
            result.append(byte)
            continue
        }
        guard let high = rest.next().flatMap(digit), let low = rest.next().flatMap(digit) else { return nil }
        result.append(high << 4 | low)
    }
    return String(validating: result, as: UTF8.self)
}

private func digit(_ byte: UInt8) -> UInt8? {
    Character(UnicodeScalar(byte)).hexDigitValue.map { UInt8($0) }
}
