import Foundation
import Postgres
import Support
import Testing

@Suite(.database) struct EventsCommandTests {
    @Test func `verify tells whether the trail is as it was`() async throws {
        let shell = try await Shell.member(of: .admin)
        let empty = try await shell.succeed("events", "verify").output
        #expect(empty.hasPrefix("Every event that was closed is as it was.\nevents  0\n"))
        var owner = try await Database.current.connect()
        try await act("stage pause", "issue")
        try await owner.execute(
            """
            UPDATE countersign.event_closing SET until = clock_timestamp(),
                horizon = pg_current_xact_id()
            """)
        // Transactions of other databases, which began before, may still be open.
        try await eventually("the span is closed") {
            try await owner.execute("SELECT coalesce(countersign.close_events(), 0)")[0].int(0) == 1
        }
        let whole = try await shell.succeed("events", "verify", "--json").json(as: [String: Any].self)
        #expect(whole["events"] as? Int == 1 && (whole["digest"] as? String)?.count == 64)
        try await owner.execute("UPDATE countersign.events SET details = '{}'")
        let changed = try await shell.run("events", "verify")
        #expect(changed.status == 65 && changed.output.contains("an event was changed"))
        #expect(changed.errors == "countersign: the audit trail was changed in 1 places\n")
    }

    /// What it reads is as much as there is: a week of a few events a second took longer than other commands' 30 s.
    @Test func `verify may take as long as it takes`() async throws {
        let shell = try await Shell.member(of: .admin)
        var owner = try await Database.current.connect()
        try await owner.execute(
            """
            CREATE OR REPLACE FUNCTION countersign.verify_events()
            RETURNS TABLE (since timestamptz, until timestamptz, problem text) LANGUAGE sql STABLE
            AS $$ SELECT now(), now(), 'the limit is ' || current_setting('statement_timeout') $$
            """)
        #expect(try await shell.run("events", "verify").output.contains("the limit is 0"))
    }

    @Test func `searching is what events does by itself`() async throws {
        let shell = try await Shell.member(of: .admin)
        try await act("stage pause", "issue")
        let search = try await shell.succeed("events", "search", "--type", "stage").output
        #expect(search.contains("stage.paused"))
        #expect(try await shell.succeed("events", "--type", "stage").output == search)
    }
}
