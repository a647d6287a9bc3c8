import Administration
import Countersign
import Postgres
import Support
import Testing

/// The audit trail as a stream: each event once and none missed, in whatever order their transactions commit.
@Suite(.database) struct EventStreamTests {
    private func owner() async throws -> Connection { try await Database.current.connect() }

    /// Its rest, after a restart: all that is kept of a reader is the text of a cursor.
    private func stream(after cursor: EventCursor, limit: Int = 1_000) throws -> EventStream {
        let stored = try #require(EventCursor("\(cursor)"))
        #expect(stored == cursor)
        return EventStream(after: stored, AuditEvent.Filter(limit: limit), showsUsers: true)
    }

    private func begin(since: Timestamp? = nil) async throws -> EventCursor {
        var reader = try await owner()
        return try await EventStream.begin(since: since, &reader)
    }

    private func details(_ lines: [EventStream.Line]) -> [String] { lines.compactMap(\.event.details) }

    private func write(_ number: Int, _ connection: inout Connection) async throws {
        try await connection.execute(
            "INSERT INTO countersign.events (type, details) VALUES ('worker.drained', '{\"n\": \(number)}')")
    }

    @Test func `an older event that commits after a newer one comes, and comes once`()
        async throws
    {
        var reader = try await owner()
        var stream = try self.stream(after: try await begin())
        var slow = try await owner()
        var quick = try await owner()
        try await slow.execute("BEGIN")
        try await write(1, &slow)
        try await write(2, &quick)
        #expect(details(try await stream.next(&reader)) == [#"{"n": 2}"#])
        #expect(details(try await stream.next(&reader)) == [])
        stream = try self.stream(after: stream.cursor)
        try await write(3, &quick)
        try await slow.execute("COMMIT")
        #expect(details(try await stream.next(&reader)) == [#"{"n": 1}"#, #"{"n": 3}"#])
        stream = try self.stream(after: stream.cursor)
        #expect(details(try await stream.next(&reader)) == [])
    }

    @Test func `what a transaction has rolled back never comes`() async throws {
        var reader = try await owner()
        var stream = try self.stream(after: try await begin())
        var writer = try await owner()
        try await writer.execute("BEGIN")
        try await write(1, &writer)
        #expect(details(try await stream.next(&reader)) == [])
        try await writer.execute("ROLLBACK; BEGIN; SAVEPOINT a")
        try await write(2, &writer)
        try await writer.execute("RELEASE a; SAVEPOINT b")
        try await write(3, &writer)
        try await writer.execute("ROLLBACK TO b; COMMIT")
        #expect(details(try await stream.next(&reader)) == [#"{"n": 2}"#])
        #expect(details(try await stream.next(&reader)) == [])
    }

    @Test func `the cursor of each line has what comes after it`() async throws {
        var writer = try await owner()
        let start = try await begin()
        for number in 1...5 { try await write(number, &writer) }
        var reader = try await owner()
        var stream = try self.stream(after: start, limit: 2)
        var lines: [EventStream.Line] = []
        for count in [2, 2, 1, 2, 0] {
            let page = try await stream.next(&reader)
            #expect(page.count == count)
            // What comes meanwhile is none of this round's.
            if lines.count < 4 { try await write(10 + lines.count, &writer) }
            lines += page
        }
        #expect(Set(details(lines)).count == 7)
        for (place, line) in lines.enumerated() {
            var rest = try self.stream(after: line.cursor)
            var found = details(try await rest.next(&reader))
            found += details(try await rest.next(&reader))
            #expect(found.count == 7 - place - 1)
        }
    }

    /// The bound under which nothing is looked for follows the clock, once nobody writes who wrote before.
    @Test func `the look does not begin at the first event for ever`() async throws {
        var reader = try await owner()
        let now = try await reader.run(ReadTime()).one()
        var stream = try self.stream(after: try await begin(since: now.advanced(by: .seconds(-86_400 * 30))))
        func floor() -> Int64 { Int64(stream.cursor.description.split(separator: "/")[2]) ?? 0 }
        #expect(floor() < now.microseconds - 86_400_000_000)
        // Writers of other databases are waited for, too.
        try await eventually("it has risen") {
            _ = try await stream.next(&reader)
            return floor() > now.microseconds - 6_000_000
        }
    }

    @Test func `another database's cursor is refused`() async throws {
        var reader = try await owner()
        var stream = try self.stream(after: try await begin())
        try await reader.execute("UPDATE countersign.epoch SET life = gen_random_uuid()")
        let error = await #expect(throws: AdministrationError.self) { _ = try await stream.next(&reader) }
        #expect(error?.description.contains("before it was restored") == true)
    }

    @Test(arguments: ["", "1", "2/x", "1/0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f/0/1/0/9:8:"])
    func `what is no cursor is none`(text: String) { #expect(EventCursor(text) == nil) }

    /// Writers commit in any order, some roll back, and the reader starts again after each page.
    @Test func `each of many events comes once`() async throws {
        let start = try await begin()
        let (writers, each) = (6, 60)
        let read = try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<writers {
                group.addTask { try await writeAtRandom(writer: writer, count: each) }
            }
            var reader = try await owner()
            var stream = try self.stream(after: start, limit: 7)
            var read: [String] = []
            while !group.isEmpty || read.count < writers * each {
                let page = try await stream.next(&reader)
                read += details(page)
                stream = try self.stream(after: page.randomElement()?.cursor ?? stream.cursor, limit: 7)
                if let cut = page.firstIndex(where: { $0.cursor == stream.cursor }) {
                    read.removeLast(page.count - 1 - cut)
                }
                if page.isEmpty, read.count >= writers * each { break }
            }
            try await group.waitForAll()
            read += details(try await stream.next(&reader))
            return read
        }
        #expect(read.count == writers * each)
        #expect(Set(read).count == writers * each)
    }
}

/// Transactions of one event each, which stay open for up to 20 ms; each fourth is rolled back first.
private func writeAtRandom(writer: Int, count: Int) async throws {
    var connection = try await Database.current.connect()
    for number in 0..<count {
        let insert = """
            BEGIN; INSERT INTO countersign.events (type, details)
            VALUES ('worker.drained', '{"writer": \(writer), "n": \(number)}');
            SELECT pg_sleep(random() * 0.02)
            """
        if number % 4 == 0 { try await connection.execute("\(insert); ROLLBACK") }
        try await connection.execute("\(insert); COMMIT")
    }
}

private struct ReadTime: PreparedStatement {
    static let statement = Statement("tests.time", "SELECT clock_timestamp() AS time")
    static func decode(_ row: inout RowReader) throws -> Timestamp { try row.timestamp("time") }
}
