import Postgres
import Support
import Testing

@Suite(.emptyDatabase)
struct ConnectionOptionsTests {
    @Test
    func `never show a password`() {
        let url = "postgres://anna:hush@db.example:6543/shop?application_name=x"
        let options = ConnectionOptions(url: url, environment: [:])
        #expect(options.description == "user=anna host=db.example port=6543 dbname=shop")
        #expect(!"\(options) \(String(reflecting: options))".contains("hush"))
    }

    @Test
    func `take from the environment what the URL leaves open`() {
        let environment = ["PGHOST": "db.example", "PGUSER": "bob", "PGPASSWORD": "hush"]
        let options = ConnectionOptions(url: "postgres:///shop?user=anna", environment: environment)
        #expect(options.description == "user=anna host=db.example dbname=shop")
        let none = ConnectionOptions(url: nil, environment: environment)
        #expect(none.description == "user=bob host=db.example")
        #expect(ConnectionOptions(url: nil, environment: [:]).description == "the local server")
    }

    @Test(arguments: ["hush hush", "postgres://u:hush@[x", "hush=1", "host='hush"])
    func `a URL that is none is refused without being repeated`(url: String) async {
        let options = ConnectionOptions(url: url, environment: [:])
        await #expect {
            _ = try await Connection.open(options)
        } throws: { error in
            (error as? PostgresError)?.state == "08001" && !"\(error) \(options)".contains("hush")
        }
    }

    @Test
    func `a server that is not there is one line of class 08`() async {
        let options = ConnectionOptions(url: "host=/nowhere user=anna password=hush", environment: [:])
        await #expect {
            _ = try await Connection.open(options)
        } throws: { error in
            guard let error = error as? PostgresError else { return false }
            return error.isConnectionLoss && !error.description.contains("\n")
                && error.message.contains("/nowhere") && !error.description.contains("hush")
        }
    }

    @Test(arguments: [
        ("", "prefer"), ("host=/tmp", "prefer"), ("host=localhost", "prefer"),
        ("host=127.0.0.1", "prefer"),
        ("host=db.example", "verify-full"), ("hostaddr=192.0.2.1", "verify-full"),
        ("host=localhost,db.example", "verify-full"), ("host=db.example sslmode=require", "require"),
    ])
    func `a remote server must be verified unless the URL says otherwise`(url: String, mode: String) {
        #expect(ConnectionOptions(url: url, environment: [:]).sslMode == mode)
    }

    @Test
    func `become settings of the session`() async throws {
        var options = Database.current.ownerOptions
        options.applicationName = "some name"
        options.settings["lock_timeout"] = "7s"
        options.settings["countersign.words"] = #"two words \ and one"#
        var connection = try await Connection.open(options)
        let sql = """
            SELECT current_setting('application_name'), current_setting('lock_timeout'),
                   current_setting('countersign.words'), current_setting('statement_timeout'),
                   current_setting('idle_in_transaction_session_timeout'), current_setting('TimeZone'),
                   current_setting('client_encoding')
            """
        let row = try await connection.run(Statement("settings", sql))[0]
        let values = try (0..<7).map { try row.text($0) }
        #expect(values == ["some name", "7s", #"two words \ and one"#, "30s", "10s", "UTC", "UTF8"])
        #expect(connection.serverVersion >= 150_000)
        #expect(connection.isUsable == true)
        #expect(connection.isIdle == true)
    }

    @Test
    func `cancelling ends the opening`() async throws {
        let asked = Signal()
        try await Proxy.run(before: Database.current.port) { _, _, _ in
            asked.fire()
            return .swallow
        } _: { proxy in
            let options = Database.current.options(port: proxy.port)
            let opening = Task { try await Connection.open(options).processID }
            try await asked.wait()
            opening.cancel()
            await #expect { _ = try await opening.value } throws: { ($0 as? PostgresError)?.state == "57014" }
        }
    }
}
