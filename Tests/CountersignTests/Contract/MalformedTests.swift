import Countersign
import Foundation
import Postgres
import Support
import Testing

/// An INSERT into submissions never raises for what the app sent, because a failing statement is logged with
/// its literals; and no column ever holds the code, wherever the app put it.
@Suite(.database) struct MalformedTests {
    private static let code = "0123456789_-ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    private static let enrollment = "01890a5d-ac96-774b-bcce-b302099a8057"
    private static let good: [String: String?] = [
        "enrollment_id": enrollment, "otp": code, "action": "scan", "signed_at": "2026-02-28T23:59:59Z",
        "prompt_digest": "-", "signature": "-----BEGIN PGP SIGNATURE-----",
    ]
    private static let columns = [
        "enrollment_id", "otp", "action", "signed_at", "prompt_digest", "signature",
    ]

    private func parameters(_ changes: [String: String?]) -> [Parameter] {
        Self.columns.map { Parameter(changes.merging(Self.good) { changed, _ in changed }[$0] ?? nil) }
    }

    static let otps: [String?] = [
        nil, "", " ", String(code.dropLast()), code + "A", code + " ", " " + code.dropFirst(), code + "\n",
        code.dropLast() + "\n", code.dropLast() + "=", code.dropLast(2) + "==",
        code.replacing("_", with: "/"), code.replacing("-", with: "+"), code.dropLast() + "ä",
        code.dropLast() + "é",
        code.dropLast() + "\u{1}", String(repeating: "ä", count: 32), String(repeating: "😀", count: 16),
        "acme://sign-in?otp=\(code)", "{\"otp\":\"\(code)\"}", code + code,
        String(repeating: code, count: 20_000),
        "\\x" + String(repeating: "00", count: 48), "'; DROP TABLE countersign.submissions; --",
    ]
    static let enrollments: [String?] = [
        nil, "", "x", code, enrollment + " ", String(enrollment.dropLast()), "{\(enrollment)}",
        enrollment.replacing("-", with: ""), enrollment.replacing("0", with: "g"), "urn:uuid:\(enrollment)",
        String(repeating: "ä", count: 18), String(repeating: "0", count: 1_000_000),
    ]
    static let actions: [String?] = [
        nil, "", "SCAN", "scan ", "approve", code, "scan\n", String(repeating: "scan", count: 250_000),
    ]
    static let times = [
        "", "now", "infinity", "epoch", "today", code, "2026-02-30T00:00:00Z", "2026-02-29T00:00:00Z",
        "2026-00-10T00:00:00Z", "2026-13-10T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z",
        "2026-04-31T00:00:00Z", "2026-01-10T24:00:00Z", "2026-01-10T23:60:00Z", "2026-01-10T23:59:60Z",
        "2026-01-10T00:00:00", "2026-01-10T00:00:00+00:00", "2026-01-10 00:00:00Z", "2026-01-10T00:00:00z",
        "2026-01-10T00:00:00.1Z", "1926-01-10T00:00:00Z", "3026-01-10T00:00:00Z", "20261-01-10T00:00:00Z",
        "2026-01-10T00:00:00Z ", "1767225600", String(repeating: "2026", count: 250_000),
    ]
    static let digests = [
        "", "--", code, String(repeating: "a", count: 63), String(repeating: "a", count: 65),
        String(repeating: "A", count: 64), String(repeating: "g", count: 64),
        String(repeating: "a", count: 1_000_000),
    ]
    static let signatures = [
        String(repeating: "a", count: 16_385), String(repeating: "\(code)\n", count: 16_000),
    ]

    private static let detail = Statement(
        "detail", "SELECT detail FROM countersign.submission_results WHERE submission_id = $1")

    struct Case: Sendable, CustomTestStringConvertible {
        let column: String
        let values: [String?]
        var testDescription: String { column }
    }

    static let cases = [
        Case(column: "otp", values: otps), Case(column: "enrollment_id", values: enrollments),
        Case(column: "action", values: actions), Case(column: "signed_at", values: times),
        Case(column: "prompt_digest", values: digests), Case(column: "signature", values: signatures),
    ]

    @Test(arguments: cases) func `what is malformed is rejected at once and raises nothing`(bad: Case)
        async throws
    {
        let site = try await Site.make()
        var app = try await site.app()
        for value in bad.values {
            let shown: Comment = "\(bad.column): \(value?.prefix(80) ?? "NULL")"
            let id = try await app.run(SQL.submitText, parameters([bad.column: value]))[0].identifier(0)
            let row = try await app.run(SQL.result, [.identifier(id)])[0]
            #expect(try row.text(0) == "rejected", shown)
            #expect(try row.optionalText(1) == "malformed", shown)
            #expect(try row.optionalText(2) == nil, shown)
            let detail = try await app.run(Self.detail, [.identifier(id)])[0].text(0)
            #expect(detail.hasPrefix("\(bad.column) m") && !detail.contains("; "), shown)
        }
        let stored = try await Database.current.everythingStored()
        let code = try #require(Code(Self.code))
        #expect(code.found(in: stored) == [])
        let counts = try await Database.current.rowCounts()
        #expect(counts["submissions"] == bad.values.count && counts["validate_queue"] == 0)
    }

    @Test func `what is well-formed waits for the validate stage, and only its digest is kept`() async throws
    {
        let site = try await Site.make()
        var app = try await site.app()
        let digest = String(repeating: "0a", count: 32)
        let good: [[String: String?]] = [
            [:], ["signed_at": nil, "prompt_digest": nil, "signature": nil], ["prompt_digest": digest],
            ["action": "accept"], ["action": "deny"], ["enrollment_id": Self.enrollment.uppercased()],
            ["signature": String(repeating: "a", count: 16_384)], ["signed_at": "2028-02-29T00:00:00Z"],
        ]
        for values in good {
            let id = try await app.run(SQL.submitText, parameters(values))[0].identifier(0)
            let row = try await app.run(SQL.result, [.identifier(id)])[0]
            #expect(try row.text(0) == "pending", "\(values)")
        }
        let stored = try await Database.current.everythingStored()
        #expect(try #require(Code(Self.code)).found(in: stored) == [])
        #expect(try await Database.current.rowCounts()["validate_queue"] == good.count)
        var owner = try await Database.current.connect()
        let digests = try await owner.run(
            Statement(
                "digests", "SELECT count(*) FROM countersign.submissions WHERE secret_digest = sha256($1)"),
            [.bytes(try #require(Code(Self.code)).secret)])
        #expect(try digests[0].int(0) == good.count)
    }

    /// By a pattern: a time that there is not would raise.
    @Test func `of this century each day is one, and no other`() async throws {
        var owner = try await Database.current.connect()
        let row = try await owner.execute(
            """
            SELECT count(countersign.signing_time(t)),
                   count(*) FILTER (WHERE (countersign.signing_time(t) AT TIME ZONE 'UTC')::text = translate(t, 'TZ', ' '))
            FROM (SELECT format('20%s-%s-%sT23:59:59Z', lpad(y::text, 2, '0'), lpad(m::text, 2, '0'), lpad(d::text, 2, '0')) AS t
                  FROM generate_series(0, 99) y, generate_series(0, 13) m, generate_series(0, 32) d) AS every
            """)[0]
        #expect(try row.int(0) == 36_525)
        #expect(try row.int(1) == 36_525)
    }

    /// Of several faults each is told.
    @Test func `all that is malformed is told`() async throws {
        let site = try await Site.make()
        var app = try await site.app()
        let bad = Parameter(String(repeating: "ä", count: 9_000))
        let id = try await app.run(SQL.submitText, Self.columns.map { _ in bad })[0].identifier(0)
        #expect(
            try await app.run(Self.detail, [.identifier(id)])[0].text(0) == """
                otp must be 64 characters of A-Z, a-z, 0-9, - and _; enrollment_id must be a UUID; action must be scan, accept, \
                deny or confirm; signed_at must be like 2026-01-31T12:00:00Z; prompt_digest must be 64 hexadecimal digits in \
                lower case, or -; signature may have 16,384 bytes
                """)
    }

    /// A regular expression fails on more than 256 MiB: the lengths have to be looked at before.
    @Test func `not even the hugest text raises`() async throws {
        let site = try await Site.make()
        var app = try await site.app()
        for column in ["otp", "enrollment_id", "signed_at", "prompt_digest"] {
            let values = Self.columns.map { name in
                name == column ? "repeat('A', 270000000)" : "'\((Self.good[name] ?? nil) ?? "")'"
            }
            let rows = try await app.execute(
                """
                INSERT INTO countersign.submissions (\(Self.columns.joined(separator: ", ")))
                VALUES (\(values.joined(separator: ", "))) RETURNING reason
                """)
            #expect(try rows[0].text(0) == "malformed")
        }
    }

    /// Replication, and whoever switches triggers off, must not store codes either.
    @Test func `the code is taken away where other triggers do not fire`() async throws {
        let site = try await Site.make()
        try await Database.current.arrangeAsSuperuser(
            """
            SET session_replication_role = replica;
            INSERT INTO countersign.submissions (app_id, enrollment_id, otp, action, submitted_at, status)
            VALUES (\(site.appID), '\(Self.enrollment)', '\(Self.code)', 'scan', now(), 'pending')
            """)
        let stored = try await Database.current.everythingStored()
        #expect(stored.contains(Self.enrollment))
        #expect(try #require(Code(Self.code)).found(in: stored) == [])
    }

    @Test func `one malformed among others harms none of them`() async throws {
        let site = try await Site.make()
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let enrollment = try await app.enroll("alice")
            let (transaction, code) = try await portal.issued()
            let insert = Statement(
                "submit many",
                """
                INSERT INTO countersign.submissions (enrollment_id, otp, action)
                SELECT $1, o, 'accept' FROM unnest($2::text[]) AS o RETURNING submission_id, reason
                """)
            let rows = try await app.run(insert, [.text(enrollment.description), .texts(["x", code, nil])])
            #expect(try rows.map { try $0.optionalText(1) } == ["malformed", nil, "malformed"])
            let outcome = try await app.run(SQL.outcome, [.identifier(try rows[1].identifier(0))])
            #expect(try outcome[0].text(0) == "accepted")
            #expect(try await portal.status(transaction) == "authenticated")
        }
    }
}
