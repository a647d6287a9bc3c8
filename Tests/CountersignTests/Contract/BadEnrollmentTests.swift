import Countersign
import Postgres
import Support
import Testing

/// The same for what apps enroll.
@Suite(.database) struct BadEnrollmentTests {
    private static let columns = ["user_id", "device_id", "device_name", "platform", "public_key"]
    private static let good = ["user_id": "alice", "device_id": "phone"]

    private static let insert = Statement(
        "enroll rows",
        """
        INSERT INTO countersign.enrollments (\(columns.joined(separator: ", ")))
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
        """)

    private func parameters(_ rows: [[String: String?]]) -> [Parameter] {
        Self.columns.map { column in
            .texts(rows.map { $0.merging(Self.good) { given, _ in given }[column] ?? nil })
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let values: [String: String?]
        let state: SQLState
        let says: [String]
        var setting = ""

        var testDescription: String { "\(setting) \(values.mapValues { $0.map { String($0.prefix(20)) } })" }
    }

    struct Group: Sendable, CustomTestStringConvertible {
        let name: String
        let cases: [Case]
        var testDescription: String { name }
    }

    private static func long(_ count: Int) -> String { String(repeating: "ä", count: count) }

    static let groups =
        plain.map { Group(name: $0.testDescription, cases: [$0]) } + [
            Group(name: "missing", cases: missing), Group(name: "too long", cases: tooLong),
            Group(name: "unprintable", cases: unprintable),
        ]

    private static let plain = [
        Case(
            values: [:], state: "CS007", says: ["enrollment is disabled"],
            setting: "settings SET enrollment_enabled = false"),
        Case(values: [:], state: "CS008", says: ["app", "disabled"], setting: "apps SET enabled = false"),
        Case(
            values: [:], state: "CS003", says: ["public_key", "OpenPGP"],
            setting: "settings SET signature_required = true"),
        Case(values: ["public_key": long(8193)], state: "CS003", says: ["public_key", "16,384 bytes"]),
        Case(
            values: ["user_id": "erased-" + String(repeating: "0a", count: 16)], state: "CS003",
            says: ["user_id has the form of an erased user's", "any other is allowed"]),
    ]

    private static let missing = [nil, ""].flatMap { (value: String?) in
        ["user_id", "device_id"].map { Case(values: [$0: value], state: "CS003", says: [$0, "1 to 255"]) }
    }

    private static let longest = ["user_id": 255, "device_id": 255, "device_name": 255, "platform": 64]

    private static let tooLong = longest.map { column, count in
        Case(values: [column: long(count + 1)], state: "CS003", says: [column, "\(count) characters"])
    }

    private static let unprintable = ["\n", "\u{202E}"].flatMap { character in
        longest.keys.map { column in
            Case(values: [column: "a\(character)b"], state: "CS003", says: [column, "printable"])
        }
    }

    @Test(arguments: groups) func `a bad enrollment is refused, and nothing is stored`(group: Group)
        async throws
    {
        let site = try await Site.make()
        var app = try await site.app()
        // What is switched off leaves an event.
        let before = try await Database.current.rowCounts(besides: ["events"])
        for bad in group.cases {
            if !bad.setting.isEmpty {
                try await Database.current.arrange("UPDATE countersign.\(bad.setting)")
            }
            for rows in [[bad.values], [[:], bad.values], [bad.values, [:]]] {
                let error = try await app.refusal(of: Self.insert, parameters(rows))
                #expect(error?.state == bad.state, "\(bad.testDescription) of \(rows.count)")
                for word in bad.says {
                    #expect(error?.message.contains(word) == true, "\(bad.testDescription)")
                }
            }
        }
        #expect(try await Database.current.rowCounts(besides: ["events"]) == before)
    }

    @Test func `what is just allowed is stored`() async throws {
        let site = try await Site.make()
        var app = try await site.app()
        var values = Self.longest.mapValues { Self.long($0) }
        values["public_key"] = Self.long(8192)
        try await app.run(Self.insert, parameters([values.mapValues { $0 }, [:]]))
        #expect(try await Database.current.rowCounts()["enrollments"] == 2)
    }
}
