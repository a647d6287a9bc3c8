import Postgres
import Support
import Testing

@Suite(.emptyDatabase)
struct TransactionTests {
    private struct Mishap: Error {}

    private let insert = Statement("insert", "INSERT INTO t VALUES ($1)")
    private let count = Statement("count", "SELECT count(*) FROM t")

    private func connect() async throws -> Connection {
        var connection = try await Database.current.connect()
        try await connection.execute("CREATE TABLE t (a int8 UNIQUE DEFERRABLE INITIALLY DEFERRED)")
        return connection
    }

    @Test
    func `return what the body returns, and last`() async throws {
        var connection = try await connect()
        let affected = try await connection.transaction { [insert] in try await $0.run(insert, [1]).affected }
        #expect(affected == 1)
        #expect(connection.isIdle == true)
        #expect(try await connection.run(count)[0].int(0) == 1)
    }

    @Test
    func `an error of the body undoes them and comes out as it is`() async throws {
        var connection = try await connect()
        await #expect(throws: Mishap.self) {
            try await connection.transaction { [insert] in
                try await $0.run(insert, [1])
                throw Mishap()
            }
        }
        #expect(connection.isIdle == true)
        #expect(try await connection.run(count)[0].int(0) == 0)
    }

    @Test
    func `an error of the commit is told apart`() async throws {
        var connection = try await connect()
        await #expect {
            try await connection.transaction { [insert] connection in
                try await connection.run(insert, [1])
                try await connection.run(insert, [1])
            }
        } throws: {
            guard case TransactionError.commit(let error) = $0 else { return false }
            return error.state == "23505" && PostgresError(in: $0)?.state == "23505"
        }
        #expect(connection.isIdle == true)
    }

    /// Such a commit comes with the end of the pipeline, after the answers to its statements.
    @Test
    func `an error of the commit of a statement alone is its error, and the connection goes on`() async throws
    {
        var connection = try await connect()
        let insert = Statement("insert twice", "INSERT INTO t SELECT 1 FROM generate_series(1, 2)")
        for _ in 1...2 {
            await #expect {
                try await connection.run(insert)
            } throws: {
                ($0 as? PostgresError)?.state == "23505"
            }
            #expect(connection.isIdle == true)
        }
        #expect(try await connection.run(count)[0].int(0) == 0)
    }

    @Test
    func `a body that hides a failure does not look committed`() async throws {
        var connection = try await connect()
        await #expect {
            try await connection.transaction { [insert] connection in
                try await connection.run(insert, [1])
                _ = try? await connection.execute("SELECT 1 / 0")
            }
        } throws: {
            guard case TransactionError.commit(let error) = $0 else { return false }
            return error.state == "25P02"
        }
        #expect(try await connection.run(count)[0].int(0) == 0)
    }

    @Test
    func `do not nest`() async throws {
        var connection = try await connect()
        await #expect {
            try await connection.transaction { try await $0.transaction { _ in } }
        } throws: {
            guard case TransactionError.begin(let error) = $0 else { return false }
            return error.state == "25001"
        }
        #expect(connection.isIdle == true)
    }

    @Test
    func `a connection lost in the body is the body's error, one lost before is the beginning's`()
        async throws
    {
        var connection = try await connect()
        await #expect {
            try await connection.transaction {
                try await $0.execute("SELECT pg_terminate_backend(pg_backend_pid())")
            }
        } throws: {
            ($0 as? PostgresError)?.isConnectionLoss == true
        }
        await #expect {
            try await connection.transaction { _ in }
        } throws: {
            guard case TransactionError.begin(let error) = $0 else { return false }
            return error.isConnectionLoss
        }
    }
}
