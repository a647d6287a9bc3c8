/// What texts are looked up by for a language tag, such as `nl_BE`: `nl-be`, then `nl`, the tag without its last part each
/// time (RFC 4647 section 3.4), in lower case. Nothing for none.
package func languageRanges(_ tag: String?) -> [String] {
    var range = (tag ?? "").lowercased().replacing("_", with: "-").unicodeScalars[...]
    var ranges: [String] = []
    while !range.isEmpty {
        ranges.append(String(range))
        range = range[..<(range.lastIndex(of: "-") ?? range.startIndex)]
    }
    return ranges
}
