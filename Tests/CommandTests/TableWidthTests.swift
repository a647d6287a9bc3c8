import Testing

@testable import CountersignCommand

@Suite struct TableWidthTests {
    private let records: [Record] = [
        [
            "name": .text("acme"), "count": .number(12),
            "remark": .text("it answers now and then, or not at all"),
        ],
        ["name": .text("globex"), "count": .number(5), "remark": .text("fine")],
    ]

    @Test func `what goes elsewhere has a line a record`() {
        #expect(TextTable(records, width: nil).text.split(separator: "\n").count == 3)
    }

    @Test(arguments: 25...60) func `a table fits the terminal`(width: Int) {
        let lines = TextTable(records, width: width).text.split(separator: "\n")
        #expect(lines.allSatisfy { $0.count <= width })
        #expect(lines.joined(separator: " ").split(separator: " ").count { $0 == "answers" } == 1)
    }

    @Test func `words are wrapped inside their column`() {
        #expect(
            TextTable(records, width: 36).text == """
                NAME    COUNT  REMARK
                acme       12  it answers now and
                               then, or not at all
                globex      5  fine
                """)
    }

    @Test func `where a word is too wide, each record is lines of names and values`() {
        #expect(TextTable(records, width: 20).text.hasPrefix("name    acme\ncount   12\nremark  it"))
    }
}
