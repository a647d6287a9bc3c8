import Postgres
import Support
import Testing

@Suite(.emptyDatabase)
struct PipelineTests {
    private let insert = Statement("insert", "INSERT INTO t VALUES ($1)")
    private let count = Statement("count", "SELECT count(*) FROM t")

    private func connect() async throws -> Connection {
        var connection = try await Database.current.connect()
        try await connection.execute("CREATE TABLE IF NOT EXISTS t (a int8 CHECK (a > 0))")
        return connection
    }

    @Test
    func `return the result of each step in order`() async throws {
        var connection = try await connect()
        let steps = [Step(insert, [1]), Step(count), Step(insert, [2]), Step(count)]
        let results = try await connection.pipeline(steps)
        #expect(results.map(\.affected) == [1, 1, 1, 1])
        #expect(try results[1][0].int(0) == 1 && results[3][0].int(0) == 2)
        #expect(try await connection.pipeline([]).isEmpty)
    }

    @Test
    func `happen as a whole or not at all, and leave the connection as it was`() async throws {
        var connection = try await connect()
        let steps = [Step(insert, [1]), Step(insert, [-1]), Step(count), Step(insert, [3])]
        for _ in 0..<2 {
            await #expect {
                try await connection.pipeline(steps)
            } throws: {
                ($0 as? PostgresError)?.state == "23514"
            }
            #expect(connection.isIdle == true)
            #expect(try await connection.run(count)[0].int(0) == 0)
        }
    }

    @Test
    func `an error in preparing undoes the rest too`() async throws {
        var connection = try await connect()
        let wrong = Statement("wrong", "SELECT nothing")
        await #expect {
            try await connection.pipeline([Step(insert, [1]), Step(wrong), Step(count)])
        } throws: {
            ($0 as? PostgresError)?.statement == "wrong"
        }
        let results = try await connection.pipeline([Step(count), Step(insert, [1]), Step(count)])
        #expect(try results[2][0].int(0) == 1)
    }

    @Test
    func `larger than all buffers, both ways, do not deadlock`() async throws {
        var connection = try await connect()
        let echo = Statement("echo", "SELECT $1::bytea")
        let bytes = [UInt8](repeating: 7, count: 8_192)
        let steps = [Step](repeating: Step(echo, [.bytes(bytes)]), count: 2_000)
        let results = try await connection.pipeline(steps)
        #expect(results.count == 2_000)
        #expect(try results.allSatisfy { try $0[0].bytes(0) == bytes })
        #expect(connection.isIdle == true)
    }

    @Test
    func `large ones are atomic as well`() async throws {
        var connection = try await connect()
        let steps = (1...5_000).map { Step(insert, [.int($0 == 4_000 ? 0 : Int64($0))]) }
        await #expect {
            try await connection.pipeline(steps)
        } throws: {
            ($0 as? PostgresError)?.state == "23514"
        }
        #expect(try await connection.run(count)[0].int(0) == 0)
    }

    @Test
    func `take part in an open transaction`() async throws {
        var connection = try await connect()
        try await connection.transaction { [insert] connection in
            _ = try await connection.pipeline([Step(insert, [1]), Step(insert, [2])])
            #expect(connection.isIdle == false)
        }
        #expect(try await connection.run(count)[0].int(0) == 2)
    }

    @Test
    func `are repeated when a statement is stale, once and only as a whole`() async throws {
        var connection = try await connect()
        let select = Statement("select", "SELECT * FROM t")
        try await connection.run(select)
        try await connection.execute("ALTER TABLE t ADD b int")
        let steps = [Step(insert, [1]), Step(select), Step(insert, [2]), Step(count)]
        let results = try await connection.pipeline(steps)
        #expect(results[1].columns == ["a", "b"])
        #expect(try results[3][0].int(0) == 2)
    }
}
