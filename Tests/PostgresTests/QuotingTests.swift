import Testing

@testable import Postgres

struct QuotingTests {
    @Test
    func `doubles quotation marks, whatever follows them`() {
        #expect(quotedIdentifier("Some Channel") == "\"Some Channel\"")
        #expect(quotedIdentifier("a\"b") == "\"a\"\"b\"")
        #expect(quotedIdentifier("a\"\u{301}b").unicodeScalars.count { $0 == "\"" } == 4)
        #expect(quotedLiteral("a'b") == "'a''b'")
        #expect(quotedLiteral("a'\u{301}b").unicodeScalars.count { $0 == "'" } == 4)
    }

    @Test(arguments: [
        ("invalid input syntax for type uuid: \"hush\"", "invalid input syntax for type uuid: \"...\""),
        ("ungültige Eingabesyntax für Typ uuid: »hu\"sh«", "ungültige Eingabesyntax für Typ uuid: »...«"),
        (
            "syntaxe en entrée invalide pour le type uuid : « hush »",
            "syntaxe en entrée invalide pour le type uuid : «...»"
        ),
        ("division by zero", "division by zero"),
    ])
    func `a value that could not be read is in no message, whatever the server's language`(
        message: String, without: String
    ) {
        #expect(withoutQuotation(message) == without)
    }
}
