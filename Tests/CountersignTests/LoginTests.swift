import Postgres
import Support
import Testing

/// What `portal add` and `app add` make of a login that was there before.
@Suite(.database) struct LoginTests {
    /// A login that is an administrator through another role is one, and must not become a portal's.
    @Test func `a login in another group through a role of its own is refused`() async throws {
        let database = Database.current
        var superuser = try await database.connectAsSuperuser()
        let (between, login) = (database.unique("between"), database.unique("both"))
        let admin = try await database.makeLogin("admin", in: .admin)
        try await superuser.execute(
            "CREATE ROLE \"\(between)\" IN ROLE countersign_admin; CREATE ROLE \"\(login)\" LOGIN IN ROLE \"\(between)\""
        )
        var connection = try await database.connect(as: admin)
        let error = try await connection.refusal(
            of: "SELECT countersign.create_login('\(login)', 'countersign_portal', NULL)")
        #expect(error?.state == "CS003" && error?.message.contains("countersign_admin") == true)
        try await superuser.execute("DROP ROLE \"\(login)\"; DROP ROLE \"\(between)\"")
    }
}
