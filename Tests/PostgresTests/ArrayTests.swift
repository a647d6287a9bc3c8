import Postgres
import Support
import Testing

@Suite(.emptyDatabase)
struct ArrayTests {
    private func echo(_ parameter: Parameter) async throws -> Row {
        var connection = try await Database.current.connect()
        return try await connection.run(Statement("echo", "SELECT $1"), [parameter])[0]
    }

    @Test
    func `go both ways`() async throws {
        let identifiers = (0..<1_000).map { _ in Identifier.random() }
        let times = [
            Timestamp(microseconds: 0), .distantFuture, Timestamp(microseconds: 1_700_000_000_000_001),
        ]
        #expect(
            try await echo(.texts(["", "ä", "a,\"b\\", "NULL"])).texts(0) == ["", "ä", "a,\"b\\", "NULL"])
        #expect(try await echo(.ints([.min, 0, .max])).ints(0) == [.min, 0, .max])
        #expect(try await echo(.int32s([-1, 7])).ints(0) == [-1, 7])
        #expect(try await echo(.bools([true, false])).bools(0) == [true, false])
        #expect(try await echo(.doubles([1.5, -.infinity])).doubles(0) == [1.5, -.infinity])
        #expect(try await echo(.byteses([[], [0, 255]])).byteses(0) == [[], [0, 255]])
        #expect(try await echo(.byteRows([1, 2, 0, 255], length: 2)).byteses(0) == [[1, 2], [0, 255]])
        #expect(try await echo(.identifiers(identifiers)).identifiers(0) == identifiers)
        #expect(try await echo(.timestamps(times)).timestamps(0) == times)
    }

    @Test
    func `empty ones too`() async throws {
        #expect(try await echo(.texts([])).texts(0) == [])
        #expect(try await echo(.ints([])).ints(0) == [])
        #expect(try await echo(.byteRows([], length: 2)).byteses(0) == [])
        #expect(try await echo(.identifiers([])).identifiers(0) == [])
        #expect(try await echo(.optionalTimestamps([])).timestamps(0) == [])
    }

    @Test
    func `NULL elements are kept, and refused where they are not expected`() async throws {
        let row = try await echo(.texts(["a", nil, ""]))
        #expect(try row.textsOrNulls(0) == ["a", nil, ""])
        #expect(throws: DecodingFailure.self) { try row.texts(0) }
    }

    @Test
    func `NULL elements of any type`() async throws {
        let arrays: [Parameter] = [
            .optionalInts([1, nil]), .optionalInt32s([nil, 2]), .optionalBools([true, nil]),
            .optionalByteses([nil, []]), .optionalIdentifiers([.random(), nil]),
            .optionalTimestamps([nil, .now()]),
        ]
        var connection = try await Database.current.connect()
        let nulls = Statement("nulls", "SELECT cardinality($1), cardinality(array_remove($1, NULL))")
        for array in arrays {
            let row = try await connection.run(nulls, [array])[0]
            #expect(try row.int(0) == 2 && row.int(1) == 1)
        }
    }

    @Test
    func `can be cast to the type of the column`() async throws {
        var connection = try await Database.current.connect()
        let rows = try await connection.run(
            Statement("cast", "SELECT host(unnest($1::inet[]))"), [.texts(["::1", "10.0.0.1"])])
        #expect(try rows.map { try $0.text(0) } == ["::1", "10.0.0.1"])
    }
}
