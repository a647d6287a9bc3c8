import Administration
import Postgres
import Support
import Testing

/// What the doctor says of the server itself: its settings and its standbys. What it prints mends it, pasted as it is.
@Suite struct DoctorServerTests {
    private func findings(_ check: String, _ server: ScratchServer) async throws -> [Finding] {
        var connection = try await Connection.open(server.options)
        let found = try await Doctor(sealer: nil).examine(&connection)
        return found.filter { $0.check == check && $0.grade != .ok }
    }

    /// What psql prints.
    @discardableResult
    private func paste(_ remedy: Remedy?, _ server: ScratchServer) async throws -> String {
        try await typeIntoPSQL(try #require(remedy).text, server.conninfo)
    }

    private func execute(_ sql: String, _ server: ScratchServer) async throws {
        for statement in sql.split(separator: "\n") {
            var connection = try await Connection.open(server.options)
            try await connection.execute(String(statement))
        }
    }

    @Test func `settings of the server`() async throws {
        try await ScratchServer.run { server in
            try await execute("ALTER ROLE ALL SET default_transaction_isolation = 'serializable'", server)
            let ofAll = try await findings("settings", server)
            #expect(ofAll.map(\.finding) == ["every login has default_transaction_isolation = serializable"])
            #expect(ofAll.first?.remedy?.hands == .superuser)
            try await paste(ofAll.first?.remedy, server)
            try await execute(
                """
                UPDATE countersign.partitioned_tables SET retention_days = 20000
                ALTER SYSTEM SET default_transaction_read_only = on
                ALTER SYSTEM SET default_transaction_isolation = 'repeatable read'
                ALTER SYSTEM SET autovacuum = off
                SELECT pg_reload_conf()
                """, server)
            try await eventually("the settings count") {
                try await !findings("autovacuum", server).isEmpty
            }
            let locks = try await findings("locks", server)
            #expect(
                locks.map { $0.finding.hasPrefix("max_locks_per_transaction = 64 leaves room") } == [true])
            let settings = try await findings("settings", server)
            #expect(
                settings.map(\.finding) == [
                    "the server has default_transaction_isolation = repeatable read",
                    "the server has default_transaction_read_only = on",
                ])
            let database = try await findings("database", server)
            #expect(database.map(\.finding) == ["read-only: sessions may not write"])
            let autovacuum = try await findings("autovacuum", server)
            #expect(autovacuum.map(\.finding) == ["autovacuum is off for the server"])
            for finding in locks + settings + database + autovacuum {
                try await paste(finding.remedy, server)
            }
            try await server.restart("fast")
            for check in ["locks", "settings", "database", "autovacuum"] {
                #expect(try await findings(check, server) == [])
            }
        }
    }

    @Test func `an asynchronous standby, and being one`() async throws {
        try await ScratchServer.run { primary in
            try await primary.runStandby { standby in
                try await eventually("it follows") { try await !findings("standbys", primary).isEmpty }
                let asynchronous = try await findings("standbys", primary)
                #expect(asynchronous.map(\.finding) == ["standby standby is asynchronous"])
                try await paste(asynchronous.first?.remedy, primary)
                try await eventually("it is waited for") { try await findings("standbys", primary).isEmpty }

                let found = try await findings("database", standby)
                #expect(found.map(\.finding) == ["read-only: it is a standby"])
                let address = try await paste(found.first?.remedy, standby)
                #expect(primary.conninfo.contains("host=\(address.prefix { $0 != "|" }) "))
                for check in ["drift", "figures", "workers"] {
                    #expect(try await findings(check, standby).allSatisfy { $0.check == "workers" })
                }
            }
        }
    }
}
