import Postgres
import Support
import Testing

/// A cheap function in a WHERE clause is run before dearer conditions, and could tell what rows it was shown.
@Suite(.database) struct LeakTests {
    /// Makes `leak.look`, which somebody else owns and which notes each value that it is shown.
    private func makeSpy() async throws {
        let spy = try await Database.current.makeLogin("spy")
        try await Database.current.arrangeAsSuperuser(
            """
            CREATE SCHEMA leak AUTHORIZATION \(spy.name);
            SET ROLE \(spy.name);
            CREATE TABLE leak.seen (value text);
            CREATE FUNCTION leak.look(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 SECURITY DEFINER
                AS 'BEGIN INSERT INTO leak.seen VALUES ($1); RETURN true; END';
            GRANT USAGE ON SCHEMA leak TO PUBLIC;
            GRANT EXECUTE ON FUNCTION leak.look TO PUBLIC
            """)
    }

    private func seen() async throws -> Set<String> {
        var superuser = try await Database.current.connectAsSuperuser()
        return Set(try await superuser.execute("SELECT DISTINCT value FROM leak.seen").map { try $0.text(0) })
    }

    @Test(arguments: ["auth_results", "auth_requests"])
    func `a portal's spy is shown the portal's rows only`(relation: String) async throws {
        let one = try await Site.make("acme")
        let other = try await Site.make("other")
        var portal = try await one.portal()
        var victim = try await other.portal()
        _ = try await portal.request("mine")
        _ = try await victim.request("theirs")
        try await makeSpy()
        try await portal.execute("SELECT FROM countersign.\(relation) WHERE leak.look(reference)")
        #expect(try await seen() == ["mine"])
    }

    /// By a column that is text already: a cast would make the spy dearer than the condition that protects.
    @Test(arguments: [
        ("submission_results", "action"), ("submissions", "action"), ("enrollment_results", "status"),
        ("enrollments", "status"),
    ])
    func `an app's spy is shown the app's rows only`(relation: String, column: String) async throws {
        let one = try await Site.make("acme")
        let other = try await Site.make("other")
        var app = try await one.app()
        var victim = try await other.app()
        try await add("scan", &victim)
        try await Database.current.arrange("UPDATE countersign.enrollments SET status = 'revoked'")
        try await add("deny", &app)
        try await makeSpy()
        try await app.execute("SELECT FROM countersign.\(relation) WHERE leak.look(\(column))")
        #expect(try await seen() == [column == "action" ? "deny" : "pending"])
    }

    private func add(_ action: String, _ app: inout Connection) async throws {
        let enrollment = try await app.run(SQL.enroll, ["alice", "phone"])[0].identifier(0)
        try await app.run(SQL.submit, [.identifier(enrollment), .text(Code.invented()), .text(action)])
    }
}
