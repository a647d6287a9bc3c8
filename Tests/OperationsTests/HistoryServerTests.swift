import Administration
import Operations
import Postgres
import Support
import Testing

/// Lists of what has been are a standby's, where one is named.
@Suite(.logs) struct HistoryServerTests {
    @Test func `a standby is read while it can be, and what somebody acts on is the primary's`() async throws
    {
        try await ScratchServer.run { primary in
            try await primary.runStandby { standby in
                try await withOperations(primary.options) {
                    $0.history = standby.options
                } _: { browser in
                    let console = try await SignedIn(browser, in: primary.options)
                    try await eventually("it has followed") {
                        try await console.page("events").contains("from the standby")
                    }
                    try await standby.execute("SELECT pg_wal_replay_pause()")
                    var owner = try await Connection.open(primary.options)
                    _ = try await ConsoleAccount.add("bertha", .viewer, &owner)

                    for list in ["events", "requests"] {
                        let page = try await console.page(list)
                        #expect(page.contains("from the standby") && !page.contains("bertha"), "\(list)")
                    }
                    #expect(try await !console.page("export/events").contains("bertha"))
                    #expect(try await console.page("accounts").contains("bertha"))

                    try await standby.stop("immediate")
                    let page = try await console.page("events")
                    #expect(page.contains("bertha") && !page.contains("from the standby"))
                    #expect(try await console.page("export/events").contains("bertha"))
                    #expect(LogCapture.current.text.contains("history is read from the primary"))
                }
            }
        }
    }
}
