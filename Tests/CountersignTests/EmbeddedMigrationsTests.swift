import Countersign
import Foundation
import Postgres
import Support
import Testing

@Suite struct EmbeddedMigrationsTests {
    @Test(.database) func `they bring a database to the newest version`() async throws {
        var connection = try await Database.current.connect()
        let migrator = try Program.migrator()
        let status = try await migrator.verify(&connection)
        #expect(status.version == migrator.program)
        let owner = try await connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        #expect(try owner[0].bool(0) == false)
    }

    @Test(.database, arguments: TestLogin.Group.allCases)
    func `members of our groups may connect`(group: TestLogin.Group) async throws {
        let login = try await Database.current.makeLogin("member", in: group)
        _ = try await Database.current.connect(as: login)
    }

    @Test(.database) func `nobody else may connect`() async throws {
        let login = try await Database.current.makeLogin("stranger")
        let error = await #expect(throws: PostgresError.self) { try await connect(as: login) }
        #expect(error?.message.contains("permission denied for database") == true)
    }

    private func connect(as login: TestLogin) async throws {
        _ = try await Database.current.connect(as: login)
    }

    @Test func `the release notes say which schemas this program runs on, and its tag`() throws {
        let notes = try String(
            contentsOf: Checkout.root.appending(
                path: "Sources/Countersign/Countersign.docc/Releases.md"), encoding: .utf8)
        let own = try #require(
            notes.components(separatedBy: "\n## ").first { $0.hasPrefix(Program.version) })
        #expect(own.contains("Its tag is `v\(Program.version)`."))
        #expect(own.contains("It runs on schemas \(Program.requiredSchema) to \(Program.number)."))
    }
}
