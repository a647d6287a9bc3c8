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
            try await withChromium { chromium in
                try await chromium.resize(width: 360, height: 780)
                try await chromium.open("\(browser.base)/console/queues")
                // By keyboard alone: the name has the focus.
                try await chromium.type("alice\t\(password)\n")
                try await eventually("it has signed in") {
                    try await chromium.address().hasSuffix("/console/queues")
                }
                let widest = "return document.documentElement.scrollWidth"
                for page in ["queues", "portals", "requests", "webhooks", "events", "settings"] {
                    try await chromium.open("\(browser.base)/console/\(page)")
                    let width = try await chromium.script(widest) as? Int
                    #expect(width.map { $0 <= 360 } == true, "\(page) is \(String(describing: width)) wide")
                    Attachment.record(try await chromium.screenshot(), named: "\(page)-narrow.png")
                }
                try await chromium.prefer(dark: true)
                try await chromium.resize(width: 1280, height: 800)
                try await chromium.open("\(browser.base)/console/queues")
                let back =
                    try await chromium.script("return getComputedStyle(document.body).backgroundColor")
                    as? String
                #expect(back == "rgb(17, 21, 26)")
                Attachment.record(try await chromium.screenshot(), named: "queues-dark.png")

                _ = try await OperatorAction.pauseStage(.validate).run(&owner)
                try await eventually("the page says so by itself") {
                    try await chromium.script("return document.body.innerText.includes('paused')") as? Bool
                        == true
                }
                // Tab from the resume button of another stage on: the focus can be seen and survives updates.
                _ = try await chromium.script(
                    "document.getElementById('pause-stage-issue').focus(); return 1")
                try await chromium.type("\n")
                try await eventually("Enter has pressed it") {
                    try await StageControl.list(&owner).first { $0.stage == "issue" }?.isPaused == true
                }
                try await chromium.prefer(dark: false)
                try await eventually("it is shown") {
                    try await chromium.script(
                        "return document.body.innerText.includes('stage issue is paused')") as? Bool
                        == true
                }
                Attachment.record(try await chromium.screenshot(), named: "queues-paused.png")
                let violations = try await chromium.log().filter { $0.contains("Content Security Policy") }
                #expect(violations == [])
            }
        }
    }
}
