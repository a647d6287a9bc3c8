import Countersign
import Foundation
import Testing

/// Text from outside in lines and documents of ours, whatever stands beside what is escaped.
@Suite struct PrintableTextTests {
    /// What Swift joins to the character before it, or that joins what comes after it, and what cannot be seen.
    private static let joining: [Unicode.Scalar] = [
        "\u{0301}", "\u{20DD}", "\u{200D}", "\u{FE0F}", "\u{E0100}", "\u{1F3FB}", "\u{0E33}", "\u{11A8}",
        "\u{0600}", "\u{110BD}", "\u{E0041}", "\u{200B}", "\u{AD}", "\u{061C}", "\u{10FFFD}", "\r",
    ]

    @Test func `a string in JSON ends where it ends and says what was given`() throws {
        for mark in ["\"", "\\", "\n", "\u{1}", "/"] {
            for scalar in Self.joining {
                for text in ["\(mark)\(scalar)", "\(scalar)\(mark)", "a\(mark)\(scalar)\(scalar)b"] {
                    let json = jsonString(text)
                    let read = try JSONDecoder().decode(String.self, from: Data(json.utf8))
                    #expect(read.unicodeScalars.elementsEqual(text.unicodeScalars), "\(json)")
                    #expect(!json.unicodeScalars.contains { $0.isUnprintable }, "\(json)")
                }
            }
        }
    }

    @Test func `what cannot be seen or moves others is not printed as it is`() {
        let hidden: [Unicode.Scalar] = [
            "\u{1B}", "\u{85}", "\u{AD}", "\u{34F}", "\u{61C}", "\u{115F}", "\u{180E}", "\u{200B}",
            "\u{200E}",
            "\u{200F}", "\u{2028}", "\u{2029}", "\u{202E}", "\u{2060}", "\u{2066}", "\u{2800}", "\u{3164}",
            "\u{E000}", "\u{FE00}", "\u{FEFF}", "\u{FFA0}", "\u{FFF9}", "\u{E0041}", "\u{E0100}", "\u{F0000}",
        ]
        for scalar in hidden { #expect(scalar.isUnprintable, "U+\(String(scalar.value, radix: 16))") }
        for scalar in "Zażółć 日本 שלום क्\u{200D}ष 👩\u{200D}💻❤\u{FE0F} \u{600}1 €".unicodeScalars {
            #expect(!scalar.isUnprintable, "U+\(String(scalar.value, radix: 16))")
        }
    }
}
