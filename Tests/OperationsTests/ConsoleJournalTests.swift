import Administration
import Countersign
import Operations
import Postgres
import Support
import Testing

/// What the console does when the journal's disk is full. `/dev/full` takes nothing, see full(4).
@Suite(.database) struct ConsoleJournalTests {
    private func passwords() async throws -> [String] {
        var superuser = try await Database.current.connectAsSuperuser()
        return try await superuser.execute(
            """
            SELECT a.rolpassword FROM pg_authid a JOIN countersign.portals p ON p.login = a.rolname ORDER BY 1
            """
        ).map { try $0.text(0) }
    }

    @Test func `a new password is not set when nobody would learn it`() async throws {
        _ = try await ConsolePortal.make()
        let journal = try Journal(path: "/dev/full")
        try await withOperations(configure: { $0.journal = journal }) { browser in
            let console = try await SignedIn(browser)
            let before = try await passwords()
            let answer = try await console.press(
                "portal-password", on: "settings",
                typed: [("portal", "acme"), ("password", console.password)])
            #expect(answer.status == 422)
            #expect(answer.body.contains("/dev/full cannot be written"), "\(answer.body)")
            #expect(try await passwords() == before)
        }
    }

    @Test func `whatever else is done says that it is not in the journal`() async throws {
        _ = try await ConsolePortal.make()
        let journal = try Journal(path: "/dev/full")
        try await withOperations(configure: { $0.journal = journal }) { browser in
            let console = try await SignedIn(browser)
            let answer = try await console.press(
                "portal-pause", on: "settings", typed: [("portal", "acme"), ("password", console.password)])
            let notice = try await console.browser.get(try #require(answer.header("location"))).body
            #expect(notice.contains("portal acme is paused; it is done, but not in the journal"))
        }
    }
}
