import Postgres
import Support
import Testing

@Suite(.emptyDatabase)
struct TypeTests {
    private func select(_ sql: String, _ parameters: Parameter...) async throws -> Row {
        var connection = try await Database.current.connect()
        return try await connection.run(Statement("select", "SELECT " + sql), parameters)[0]
    }

    @Test
    func `scalars go both ways`() async throws {
        let identifier = Identifier.random()
        let row = try await select(
            "$1::text, $2, $3, $4, $5, $6, $7, $8, $9::text",
            "grüße 🔑", .int(.min), .int32(.max), true, .double(-0.1), .bytes([0, 255, 10, 39]),
            .identifier(identifier), .timestamp(Timestamp(microseconds: -1)), .duration(.milliseconds(90_001))
        )
        #expect(try row.text(0) == "grüße 🔑")
        #expect(try row.int(1) == .min)
        #expect(try row.int(2) == Int(Int32.max))
        #expect(try row.bool(3))
        #expect(try row.double(4) == -0.1)
        #expect(try row.bytes(5) == [0, 255, 10, 39])
        #expect(try row.identifier(6) == identifier)
        #expect(try row.timestamp(7) == Timestamp(microseconds: -1))
        #expect(try row.text(8) == "00:01:30.001")
    }

    @Test
    func `the server means the same by them`() async throws {
        let row = try await select(
            """
            $1 = '1fffffff-0000-4000-8000-000000000001', $2 = '2024-02-29 12:00:00.5+00',
            $3 = '\\x00ff', $4 = 1.5
            """,
            .identifier(try #require(Identifier("1fffffff-0000-4000-8000-000000000001"))),
            .timestamp(Timestamp(microseconds: 1_709_208_000_500_000)), .bytes([0, 255]), .double(1.5))
        for column in 0..<4 { #expect(try row.bool(column)) }
    }

    @Test
    func `small integers, oids, floats and text-like types are read as their kin`() async throws {
        let row = try await select(
            """
            (-2)::int2, 4294967295::oid, 1.5::float4, 'a'::varchar, 'b'::name, 'c'::"char", '{"d": 1}'::json,
            '{"e": 1}'::jsonb, ''::text
            """)
        #expect(try row.int(0) == -2)
        #expect(try row.int(1) == 4_294_967_295)
        #expect(try row.double(2) == 1.5)
        #expect(try (3...8).map { try row.text($0) } == ["a", "b", "c", #"{"d": 1}"#, #"{"e": 1}"#, ""])
    }

    @Test
    func `text takes the type that the SQL expects`() async throws {
        var connection = try await Database.current.connect()
        try await connection.execute(
            "CREATE TYPE mood AS ENUM ('glad'); CREATE TABLE t (m mood, j jsonb, i inet, u uuid, n int4)")
        let identifier = Identifier.random()
        let insert = Statement(
            "insert", "INSERT INTO t VALUES ($1, $2, $3, $4, $5) RETURNING m::text, j, host(i), u, n")
        let row = try await connection.run(
            insert, ["glad", #"{"a": [1]}"#, "::1", .text(identifier.description), "7"])[0]
        #expect(try row.text(0) == "glad")
        #expect(try row.text(1) == #"{"a": [1]}"#)
        #expect(try row.text(2) == "::1")
        #expect(try row.identifier(3) == identifier)
        #expect(try row.int(4) == 7)
    }

    @Test
    func `NULL is nil, and no other value`() async throws {
        let row = try await select(
            "$1::text, $2::int8, NULL::uuid, NULL::text[], ''::text", nil, Parameter(nil as Int?))
        #expect(try row.optionalText(0) == nil)
        #expect(try row.optionalInt(1) == nil)
        #expect(try row.optionalIdentifier(2) == nil)
        #expect(try row.optionalTexts(3) == nil)
        #expect(try row.optionalText(4) == "")
        #expect(try row.isNull(0) && !row.isNull(4))
        #expect(throws: DecodingFailure(column: "text", found: "NULL", wanted: "text")) { try row.text(0) }
    }

    @Test
    func `infinite times stay infinite`() async throws {
        let row = try await select(
            "$1, $2, $1 = 'infinity', $2 = '-infinity', 'infinity'::timestamptz",
            .timestamp(.distantFuture), .timestamp(.distantPast))
        #expect(try row.timestamp(0) == .distantFuture)
        #expect(try row.timestamp(1) == .distantPast)
        #expect(try row.bool(2) && row.bool(3))
        #expect(try row.timestamp(4) == .distantFuture)
    }

    @Test
    func `a time that cannot be sent is refused`() async {
        await #expect {
            try await select("$1", .timestamp(Timestamp(microseconds: .min + 1)))
        } throws: {
            ($0 as? PostgresError)?.state == "22008"
        }
    }

    @Test
    func `what a column is not is refused, by name and type, without the value`() async throws {
        let row = try await select(
            "42 AS answer, 'secret' AS word, ARRAY[[1],[2]] AS grid, 'x'::\"char\" AS c")
        #expect(throws: DecodingFailure(column: "answer", found: "int4 of 4 bytes", wanted: "text")) {
            try row.text(0)
        }
        #expect(throws: DecodingFailure(column: "word", found: "text of 6 bytes", wanted: "uuid")) {
            try row.identifier(1)
        }
        #expect(throws: DecodingFailure.self) { try row.ints(2) }
        #expect(throws: DecodingFailure(column: "9", found: "missing", wanted: "a column")) {
            try row.int(9)
        }
        #expect(throws: DecodingFailure.self) { try row.int(-1) }
    }
}
