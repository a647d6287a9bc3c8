import Postgres
import Support
import Testing

@Suite(.emptyDatabase)
struct StatementTests {
    private let prepared = Statement(
        "prepared", "SELECT count(*) FROM pg_prepared_statements WHERE name !~ '^prepared_'")

    @Test
    func `tell their columns, rows and how many they touched`() async throws {
        var connection = try await Database.current.connect()
        try await connection.execute("CREATE TABLE t (a int, b text)")
        let insert = Statement("insert", "INSERT INTO t SELECT i, 'x' FROM generate_series(1, $1::int8) i")
        let inserted = try await connection.run(insert, [5])
        #expect(inserted.affected == 5 && inserted.isEmpty && inserted.command == "INSERT 0 5")
        let rows = try await connection.run(Statement("select", "SELECT a, b FROM t ORDER BY a"))
        #expect(rows.columns == ["a", "b"])
        #expect(rows.count == 5 && rows.affected == 5)
        #expect(try rows.map { try $0.int(0) } == [1, 2, 3, 4, 5])
        #expect(try rows.first?.text(1) == "x")
    }

    @Test
    func `rows outlive the connection`() async throws {
        let rows = try await { () async throws in
            var connection = try await Database.current.connect()
            return try await connection.run(Statement("numbers", "SELECT generate_series(1, 1000)"))
        }()
        #expect(try rows.map { try $0.int(0) }.reduce(0, +) == 500_500)
    }

    @Test
    func `are prepared once, whatever the parameters, and NULLs too`() async throws {
        var connection = try await Database.current.connect()
        let statement = Statement("a name", "SELECT $1::int8 + 1, $2::text")
        for parameters in [[1, "a"], [nil, nil], [2, nil]] as [[Parameter]] {
            try await connection.run(statement, parameters)
        }
        #expect(try await connection.run(prepared)[0].int(0) == 1)
        #expect(try await connection.run(statement, [4, "x"])[0].int(0) == 5)
    }

    @Test
    func `take another type for the same parameter`() async throws {
        var connection = try await Database.current.connect()
        try await connection.execute("CREATE TABLE t (n int4)")
        let statement = Statement("insert", "INSERT INTO t VALUES ($1) RETURNING n")
        for _ in 0..<2 {
            #expect(try await connection.run(statement, [nil])[0].optionalInt(0) == nil)
            #expect(try await connection.run(statement, [.int(1)])[0].int(0) == 1)
            #expect(try await connection.run(statement, [.int32(2)])[0].int(0) == 2)
            #expect(try await connection.run(statement, ["3"])[0].int(0) == 3)
        }
        #expect(try await connection.run(prepared)[0].int(0) == 3)
    }

    @Test
    func `of one SQL text and two names do not meet`() async throws {
        var connection = try await Database.current.connect()
        let long = String(repeating: "long ", count: 30)
        for name in ["a", "b", "", "ä\"';", long + "1", long + "2"] {
            #expect(try await connection.run(Statement(name, "SELECT 7"))[0].int(0) == 7)
        }
        #expect(try await connection.run(prepared)[0].int(0) == 6)
    }

    @Test
    func `are at most 256 at a time`() async throws {
        var connection = try await Database.current.connect()
        for number in 0..<600 {
            #expect(try await connection.run(Statement("number", "SELECT \(number)"))[0].int(0) == number)
        }
        #expect(try await connection.run(prepared)[0].int(0) <= 256)
    }

    @Test
    func `survive DDL that changes their result`() async throws {
        var connection = try await Database.current.connect()
        let select = Statement("select", "SELECT * FROM t")
        try await connection.execute("CREATE TABLE t (a int); INSERT INTO t VALUES (1)")
        #expect(try await connection.run(select).columns == ["a"])
        try await connection.execute("ALTER TABLE t ADD b text DEFAULT 'x'")
        #expect(try await connection.run(select).columns == ["a", "b"])
        try await connection.execute("ALTER TABLE t ALTER a TYPE text")
        #expect(try await connection.run(select)[0].text(0) == "1")
    }

    @Test
    func `a stale one inside a transaction fails it, and works in the next`() async throws {
        var connection = try await Database.current.connect()
        let select = Statement("select", "SELECT * FROM t")
        try await connection.execute("CREATE TABLE t (a int)")
        try await connection.run(select)
        try await connection.execute("ALTER TABLE t ADD b text")
        await #expect {
            try await connection.transaction { try await $0.run(select) }
        } throws: {
            ($0 as? PostgresError)?.state == "0A000"
        }
        let columns = try await connection.transaction { try await $0.run(select).columns }
        #expect(columns == ["a", "b"])
    }

    @Test
    func `a stale one does not keep a transaction from being rolled back`() async throws {
        var connection = try await Database.current.connect()
        let select = Statement("select", "SELECT * FROM t")
        try await connection.execute("CREATE TABLE t (a int)")
        try await connection.run(select)
        try await connection.execute("ALTER TABLE t ADD b text")
        try await connection.run(Statement("begin", "BEGIN"))
        await #expect(throws: PostgresError.self) { try await connection.run(select) }
        try await connection.run(Statement("rollback", "ROLLBACK"))
        #expect(connection.isIdle == true)
        #expect(try await connection.run(select).columns == ["a", "b"])
    }

    @Test
    func `survive being deallocated`() async throws {
        var connection = try await Database.current.connect()
        let select = Statement("select", "SELECT 1")
        try await connection.run(select)
        try await connection.execute("DEALLOCATE ALL")
        #expect(try await connection.run(select)[0].int(0) == 1)
        try await connection.execute("DISCARD ALL")
        #expect(try await connection.run(select)[0].int(0) == 1)
    }

    @Test
    func `what cannot be prepared fails each time with the same error, and leaves nothing behind`()
        async throws
    {
        var connection = try await Database.current.connect()
        let select = Statement("select", "SELECT * FROM t")
        for _ in 0..<2 {
            await #expect {
                try await connection.run(select)
            } throws: {
                let error = $0 as? PostgresError
                return error?.state == "42P01" && error?.statement == "select"
            }
        }
        try await connection.execute("CREATE TABLE t (a int)")
        #expect(try await connection.run(select).isEmpty)
    }

    @Test
    func `scripts return their last result, as text`() async throws {
        var connection = try await Database.current.connect()
        let rows = try await connection.execute(
            """
            CREATE TABLE t (a int); INSERT INTO t VALUES (7);
            SELECT a, a = 7, 'x', 0.5::float8, '1fffffff-0000-4000-8000-000000000001'::uuid, NULL, now()
            FROM t
            """)
        let row = rows[0]
        #expect(try row.int(0) == 7 && row.bool(1) && row.text(2) == "x" && row.double(3) == 0.5)
        #expect(try row.identifier(4) == Identifier("1fffffff-0000-4000-8000-000000000001"))
        #expect(try row.optionalInt(5) == nil)
        #expect(throws: DecodingFailure.self) { try row.timestamp(6) }
        #expect(try await connection.execute("").isEmpty)
    }

    @Test
    func `COPY is refused`() async throws {
        for sql in ["COPY (SELECT 1) TO STDOUT", "CREATE TABLE t (a int); COPY t FROM STDIN"] {
            var connection = try await Database.current.connect()
            await #expect(throws: PostgresError.self) { try await connection.execute(sql) }
            #expect(connection.isUsable == false)
            connection = try await Database.current.connect()
            await #expect(throws: PostgresError.self) { try await connection.run(Statement("copy", sql)) }
        }
    }
}
