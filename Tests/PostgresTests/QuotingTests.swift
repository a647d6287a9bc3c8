import Postgres
import Testing

struct QuotingTests {
    @Test
    func `doubles quotation marks, whatever follows them`() {
        #expect(quotedIdentifier("Some Channel") == "\"Some Channel\"")
        #expect(quotedIdentifier("a\"b") == "\"a\"\"b\"")
        #expect(quotedIdentifier("a\"\u{301}b").unicodeScalars.count { $0 == "\"" } == 4)
        #expect(quotedLiteral("a'b") == "'a''b'")
        #expect(quotedLiteral("a'\u{301}b").unicodeScalars.count { $0 == "'" } == 4)
    }
}
