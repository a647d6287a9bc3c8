import Postgres
import Testing

@Suite("Identifiers")
struct IdentifierTests {
    @Test("reads and writes the hyphenated form")
    func text() throws {
        let text = "0192f0c1-2b3d-7e4f-8a9b-0c1d2e3f4a5b"
        #expect(try #require(Identifier(text)).description == text)
        #expect(Identifier(text.uppercased())?.description == text)
    }

    @Test(
        "refuses anything else",
        arguments: [
            "", "0192f0c1", "0192f0c12b3d7e4f8a9b0c1d2e3f4a5b", "0192f0c1-2b3d-7e4f-8a9b-0c1d2e3f4a5",
            "0192f0c1-2b3d-7e4f-8a9b-0c1d2e3f4a5b0", "0192f0c1-2b3d-7e4f-8a9b-0c1d2e3f4a5g",
            "{192f0c1-2b3d-7e4f-8a9b-0c1d2e3f4a5b", "0192f0c12-b3d-7e4f-8a9b-0c1d2e3f4a5b", "é192f0c1-2b3d-7e4f-8a9b-0c1d2e3f4a5",
        ])
    func refusal(text: String) {
        #expect(Identifier(text) == nil)
    }

    @Test("has sixteen bytes and sorts by them")
    func bytes() throws {
        let bytes = [UInt8](1...16)
        let identifier = try #require(Identifier(bytes: bytes))
        #expect(identifier.bytes == bytes)
        #expect(identifier.description == "01020304-0506-0708-090a-0b0c0d0e0f10")
        #expect(Identifier(bytes: bytes.dropLast()) == nil)
        #expect(try identifier < #require(Identifier(bytes: [UInt8](1...15) + [17])))
        #expect(try identifier < #require(Identifier(bytes: [255] + [UInt8](repeating: 0, count: 15))))
    }

    @Test("a random one is of version 4 and the variant of RFC 9562")
    func random() {
        let identifiers = (0..<100).map { _ in Identifier.random() }
        #expect(Set(identifiers).count == 100)
        #expect(identifiers.allSatisfy { $0.bytes[6] >> 4 == 4 && $0.bytes[8] >> 6 == 2 })
    }
}

@Suite("Timestamps")
struct TimestampTests {
    @Test(
        "are written as RFC 3339 in UTC",
        arguments: [
            (0, "1970-01-01T00:00:00.000000Z"),
            (1, "1970-01-01T00:00:00.000001Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
            (1_709_251_199_123_456, "2024-02-29T23:59:59.123456Z"),
            (4_107_542_400_000_000, "2100-03-01T00:00:00.000000Z"),
            (-62_135_596_800_000_000, "0001-01-01T00:00:00.000000Z"),
            (253_402_300_799_999_999, "9999-12-31T23:59:59.999999Z"),
            (.max, "infinity"), (.min, "-infinity"),
        ] as [(Int64, String)])
    func description(microseconds: Int64, text: String) {
        #expect(Timestamp(microseconds: microseconds).description == text)
    }

    @Test("move by durations, except the infinities")
    func movement() {
        let time = Timestamp(microseconds: 1_000_000)
        #expect(time.advanced(by: .milliseconds(-1_500)) == Timestamp(microseconds: -500_000))
        #expect(time.duration(to: time.advanced(by: .seconds(90))) == .seconds(90))
        #expect(Timestamp.distantFuture.advanced(by: .seconds(1)) == .distantFuture)
        #expect(Timestamp.distantPast < time && time < .distantFuture)
    }

    @Test("the clock runs")
    func now() {
        // 2025-01-01: a clock before that is not set.
        #expect(Timestamp.now() > Timestamp(microseconds: 1_735_689_600_000_000))
    }
}

@Suite("SQLSTATEs")
struct SQLStateTests {
    @Test("two characters match a class, five themselves")
    func pattern() {
        let state: SQLState = "40001"
        #expect("40" ~= state)
        #expect("40001" ~= state)
        #expect(!("40P01" ~= state))
        #expect(!("08" ~= state))
    }

    @Test(
        "tell lost connections", arguments: ["08006", "08001", "57P01", "57P02", "57P03", "25P03"] as [SQLState])
    func loss(state: SQLState) {
        #expect(PostgresError(state, "").isConnectionLoss)
        #expect(!PostgresError(state, "").isRetryable)
    }

    @Test("tell what may be tried again")
    func retry() {
        #expect(PostgresError("40P01", "").isRetryable)
        #expect(!PostgresError("40P01", "").isConnectionLoss)
        #expect(!PostgresError("57014", "").isConnectionLoss)
    }
}

@Suite("Back-off")
struct BackoffTests {
    @Test("doubles up to the cap, shortened at random by at most a half")
    func pauses() {
        var backoff = Backoff(first: .milliseconds(100), cap: .seconds(5))
        for expected in [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000] {
            let pause = backoff.advance()
            #expect(pause <= .milliseconds(expected) && pause >= .milliseconds(expected) / 2)
        }
        backoff.reset()
        #expect(backoff.advance() <= .milliseconds(100))
    }

    @Test("ends at once with the task")
    func cancellation() async {
        let task = Task {
            var backoff = Backoff(first: .seconds(3_600), cap: .seconds(3_600))
            try await backoff.wait()
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}

@Suite("Quoting")
struct QuotingTests {
    @Test("doubles quotation marks, whatever follows them")
    func identifiers() {
        #expect(quotedIdentifier("Some Channel") == "\"Some Channel\"")
        #expect(quotedIdentifier("a\"b") == "\"a\"\"b\"")
        #expect(quotedIdentifier("a\"\u{301}b").unicodeScalars.count { $0 == "\"" } == 4)
    }
}
