import Countersign
import Foundation
import Gateway
import Support
import Testing

/// Codes, read by somebody else's program.
@Suite struct QRTests {
    private let otp = "AaILxB_pc8qIFKOtCJXZmprCEkw5_UmHSiBZUzo2CpohsdrTjIJ90hqsnesAFaQg"

    @Test func `nothing and too much have no code`() {
        #expect(QRCode("") == nil)
        #expect(QRCode(String(repeating: "x", count: QRCode.capacity)) != nil)
        #expect(QRCode(String(repeating: "x", count: QRCode.capacity + 1)) == nil)
    }

    /// What a terminal shows, as a picture: a character is two modules above each other. Without colours it is drawn
    /// in the light ones.
    @Test(arguments: [true, false], [2, 4, 8, 12])
    func `the terminal's is read`(inColours: Bool, scale: Int) async throws {
        for text in [otp, "acme://sign-in?otp=\(otp)", "x", String(repeating: "long ", count: 100)] {
            let read = try await zbar(picture(of: try #require(QRCode(text)), inColours, scale), "pbm")
            #expect(read == text, "\(text.count) characters")
        }
    }

    private func picture(of code: QRCode, _ inColours: Bool, _ scale: Int) -> Data {
        let shown = inColours ? code.terminal : code.plainTerminal
        #expect(shown.contains("\u{1B}") == inColours)
        let lines = shown.replacing(/\u{1B}\[[0-9;]*m/, with: "").split(separator: "\n")
        let (drawn, left) = inColours ? ("1", "0") : ("0", "1")
        let rows = lines.flatMap { line -> [String] in
            [
                line.map { "█▀".contains($0) ? drawn : left }.joined(),
                line.map { "█▄".contains($0) ? drawn : left }.joined(),
            ]
        }
        let scaled = rows.map { row in row.map { String(repeating: $0, count: scale) }.joined() }.flatMap {
            Array(repeating: $0, count: scale)
        }
        return Data("P1 \(scaled[0].count) \(scaled.count)\n\(scaled.joined(separator: "\n"))\n".utf8)
    }

    @Test func `the SVG has the same modules`() throws {
        let code = try #require(QRCode(otp))
        var dark: Set<[Int]> = []
        for match in code.svg.matches(of: /M(\d+) (\d+)h(\d+)v1/) {
            let (x, y, width) = (Int(match.1)!, Int(match.2)!, Int(match.3)!)
            for column in x..<x + width { dark.insert([column - QRCode.quietZone, y - QRCode.quietZone]) }
        }
        let lines = code.terminal.replacing(/\u{1B}\[[0-9;]*m/, with: "").split(separator: "\n")
        var shown: Set<[Int]> = []
        for (pair, line) in lines.enumerated() {
            for (column, character) in line.enumerated() {
                let place = [column - QRCode.quietZone, 2 * pair - QRCode.quietZone]
                if "█▀".contains(character) { shown.insert(place) }
                if "█▄".contains(character) { shown.insert([place[0], place[1] + 1]) }
            }
        }
        #expect(dark == shown && !dark.isEmpty)
    }

    @Test(arguments: [
        ("acme://sign-in?otp={otp}", "acme://sign-in?otp=CODE"),
        ("https://a.example/#{otp}", "https://a.example/#CODE"),
    ])
    func `a link from a template`(template: String, link: String) throws {
        #expect(try #require(LinkTemplate(template)).link("CODE") == link)
    }

    @Test(arguments: ["", "{otp}", "acme://x", "acme://{otp}{otp}", "acme://a b{otp}", "javascript"])
    func `what is no template`(text: String) {
        #expect(LinkTemplate(text) == nil)
    }
}
