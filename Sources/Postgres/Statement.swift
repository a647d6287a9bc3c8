/// A named SQL text. Each connection prepares it on first use.
package struct Statement: Sendable, Hashable {
    /// Noun and verb, for error messages and `pg_prepared_statements`.
    package let name: String
    package let sql: String
    /// The name on the server: a readable start, then the hash that makes it one of its own.
    let serverName: String
    /// A NUL byte would end the text before its end.
    let isSendable: Bool
    private let hash: UInt64

    package init(_ name: String, _ sql: String) {
        self.name = name
        self.sql = sql
        hash = fnv1a(name + "\0" + sql)
        isSendable = !sql.utf8.contains(0)
        // The server cuts a statement's name at 63 bytes, which must not cut the hash.
        let start = name.unicodeScalars.filter { $0.isASCII && $0 != "\0" }.prefix(40)
        serverName = String(String.UnicodeScalarView(start)) + "_" + String(hash, radix: 16)
    }

    package static func == (left: Statement, right: Statement) -> Bool {
        left.hash == right.hash && left.sql == right.sql && left.name == right.name
    }

    /// Only the stored hash: hashing a long SQL text on each use would cost more than finding it.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(hash)
    }
}

/// One statement of a pipeline with its parameters.
package struct Step: Sendable {
    package let statement: Statement
    package let parameters: [Parameter]

    package init(_ statement: Statement, _ parameters: [Parameter] = []) {
        self.statement = statement
        self.parameters = parameters
    }
}

/// FNV-1a with 64 bits, the same in every process, unlike `Hasher`.
/// https://datatracker.ietf.org/doc/html/draft-eastlake-fnv-29
private func fnv1a(_ text: String) -> UInt64 {
    text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
}
