/// Whole words of SQL that stand for others: names of roles, which belong to the server and not to the database.
package struct WordReplacement: Sendable {
    private let words: [String: String]

    package init(_ words: [String: String]) { self.words = words }

    /// A word is what identifiers are made of: letters, digits and underscores.
    package func applied(to text: String) -> String {
        guard !words.isEmpty else { return text }
        var result: [UInt8] = []
        for run in runs(of: Array(text.utf8)) {
            let word = String(decoding: run, as: UTF8.self)
            result += Array((words[word] ?? word).utf8)
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// The text, parted where words begin and end.
    private func runs(of bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        var runs: [ArraySlice<UInt8>] = []
        var start = 0
        for index in bytes.indices.dropFirst() where isOfWord(bytes[index]) != isOfWord(bytes[index - 1]) {
            runs.append(bytes[start..<index])
            start = index
        }
        return runs + [bytes[start...]]
    }

    private func isOfWord(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x5f, 0x61...0x7a, 0x80...: true
        default: false
        }
    }
}
