import Postgres
import Support
import Testing

@Suite(.emptyDatabase)
struct ErrorTests {
    private func failure(
        _ sql: String, _ parameters: [Parameter] = [], after setUp: String = ""
    ) async throws -> PostgresError {
        var connection = try await Database.current.connect()
        try await connection.execute(setUp)
        let error = await #expect(throws: PostgresError.self) {
            try await connection.run(Statement("some name", sql), parameters)
        }
        #expect(try await connection.run(Statement("one", "SELECT 1"))[0].int(0) == 1)
        return try #require(error)
    }

    @Test
    func `carry the SQLSTATE and the statement's name`() async throws {
        let error = try await failure("SELECT 1 / $1::int8", [0])
        #expect(error.state == "22012")
        #expect(error.description == "some name: division by zero [22012]")
    }

    @Test
    func `of class 23 name the constraint and withhold the row`() async throws {
        let error = try await failure(
            "INSERT INTO t VALUES ($1)", ["hush"],
            after: "CREATE TABLE t (a text CONSTRAINT no_hush UNIQUE); INSERT INTO t VALUES ('hush')")
        #expect(error.state == "23505")
        #expect(error.constraint == "no_hush")
        #expect(error.detail == nil)
        #expect(!error.description.contains("hush)"))
    }

    @Test
    func `of class 22 do not quote the value`() async throws {
        for value in ["hush", "hu\"sh", "hush\"", "\"\u{301}hush", "[\"hush\","] {
            for type in ["uuid", "int8", "jsonb", "timestamptz", "inet", "bool"] {
                let error = try await failure("SELECT $1::\(type)", [.text(value)])
                #expect("22" ~= error.state)
                #expect(!"\(error)".contains("hu"), "\(error)")
            }
        }
    }

    @Test
    func `of class 44 withhold the row`() async throws {
        let error = try await failure(
            "INSERT INTO v VALUES ($1)", ["hush"],
            after: "CREATE TABLE t (a text); CREATE VIEW v AS SELECT a FROM t WHERE a = 'x' WITH CHECK OPTION"
        )
        #expect(error.state == "44000")
        #expect(!error.description.contains("hush"))
    }

    @Test
    func `of one's own keep message, detail and hint, on one line`() async throws {
        let error = try await failure(
            "SELECT f()",
            after: """
                CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
                    RAISE 'first\nsecond' USING ERRCODE = 'CS003', DETAIL = 'why', HINT = 'how';
                END $$
                """)
        #expect(error.state == "CS003")
        #expect(error.description == "some name: first second (why) (how) [CS003]")
    }

    @Test
    func `text with a NUL byte is not sent`() async throws {
        let error = try await failure("SELECT $1::text, $2::text", ["a", "b\0c"])
        #expect(error.state == "22021")
        #expect(error.message == "parameter $2 holds a NUL byte")
        #expect(try await failure("SELECT $1::text[]", [.texts(["a", "\0"])]).state == "22021")
    }

    @Test
    func `SQL with a NUL byte is not sent`() async throws {
        #expect(try await failure("SELECT 1 -- \0").state == "22021")
        var connection = try await Database.current.connect()
        await #expect(throws: PostgresError.self) { try await connection.execute("SELECT 1; \0 SELECT 2") }
        #expect(connection.isUsable == true)
    }

    @Test
    func `too many parameters are not sent`() async throws {
        let parameters = [Parameter](repeating: 1, count: 65_536)
        #expect(try await failure("SELECT 1", parameters).state == "54011")
    }

    @Test
    func `notices go to the log`() async throws {
        var connection = try await Database.current.connect()
        try await connection.execute("DO $$ BEGIN RAISE NOTICE 'look here'; END $$")
        #expect(LogCapture.current.text.contains("debug postgres: notice of the server notice=look here"))
    }
}
