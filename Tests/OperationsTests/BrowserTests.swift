import Countersign
import Foundation
import Operations
import Postgres
import Support
import Testing

/// The console in a real Chromium, driven through WebDriver: narrow, dark, by keyboard, and live.
@Suite(.database) struct BrowserTests {
    @Test(.timeLimit(.minutes(20))) func `a night watch on a small screen`() async throws {
        _ = try await World.make()
        var owner = try await Database.current.connect()
        let password = try await Operator.add("alice", isAdmin: true, &owner)
        try await owner.execute(
            """
            INSERT INTO countersign.queue_history (minute, stage, waiting, done)
            SELECT date_trunc('minute', clock_timestamp()) - n * interval '1 minute', 'issue', 0, (n * 37) % 91
            FROM generate_series(1, 59) n
            """)
        try await withOperations { browser in
            try await Chromium.run { chromium in
                let tab = try await chromium.tab("\(browser.base)/console/queues", width: 360, height: 780)
                // By keyboard alone: the name has the focus.
                try await tab.type("alice\t\(password)\n")
                try await eventually("it has signed in") {
                    try await tab.value("location.pathname") == "/console/queues"
                }
                for page in ["queues", "portals", "requests", "webhooks", "events", "settings"] {
                    try await tab.go(to: "\(browser.base)/console/\(page)")
                    let width = try await tab.value("document.documentElement.scrollWidth")
                    #expect(Int(width).map { $0 <= 360 } == true, "\(page) is \(width) wide")
                    try await tab.screenshot("\(page)-narrow")
                }
                try await tab.prefer(dark: true)
                try await tab.resize(width: 1280, height: 800)
                try await tab.go(to: "\(browser.base)/console/queues")
                #expect(
                    try await tab.value("getComputedStyle(document.body).backgroundColor")
                        == "rgb(17, 21, 26)")
                try await tab.screenshot("queues-dark")

                _ = try await OperatorAction.pauseStage(.validate).run(&owner)
                try await eventually("the page says so by itself") {
                    try await tab.value("document.body.innerText.includes('paused')") == "true"
                }
                // Tab from the resume button of another stage on: the focus can be seen and survives updates.
                _ = try await tab.value("document.getElementById('pause-issue').focus()")
                try await tab.type("\n")
                try await eventually("Enter has pressed it") {
                    try await StageControl.list(&owner).first { $0.stage == "issue" }?.isPaused == true
                }
                try await tab.prefer(dark: false)
                try await eventually("it is shown") {
                    try await tab.value("document.body.innerText.includes('stage issue is paused')") == "true"
                }
                try await tab.screenshot("queues-paused")
                let violations = try await tab.log().filter { $0.contains("Content Security Policy") }
                #expect(violations == [])
            }
        }
    }
}
