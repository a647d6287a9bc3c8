import Countersign
import Foundation
import Logging
import Support
import Synchronization
import Testing

@Suite struct LogTests {
    private final class Lines: Sendable {
        let all = Mutex<[String]>([])
    }

    private func logger(
        _ format: LineLogHandler.Format, _ levels: LogLevels = LogLevels()
    ) -> (Logger, Lines) {
        let lines = Lines()
        let logger = Logger(label: "worker") { label in
            LineLogHandler(label: label, format: format, levels: levels) { line in
                lines.all.withLock { $0.append(line) }
            }
        }
        return (logger, lines)
    }

    @Test func `a JSON object a line`() throws {
        var (logger, lines) = logger(.json)
        logger[metadataKey: "stage"] = "issue"
        logger.info("batch failed", metadata: ["error": "a \"quoted\"\nsecond line \u{1B}[2J", "level": "x"])
        let line = lines.all.withLock { $0[0] }
        #expect(!line.contains("\n") && !line.contains("\u{1B}"))
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String])
        #expect(object["event"] == "batch failed" && object["module"] == "issue" && object["level"] == "info")
        #expect(object["error"] == "a \"quoted\"\nsecond line \u{1B}[2J" && object["level_"] == "x")
        #expect(object["time"]?.hasSuffix("Z") == true)
    }

    @Test func `a line of text cannot be forged`() {
        let (logger, lines) = logger(.text)
        logger.notice(
            "row given up", metadata: ["id": "7", "error": "x\n2026-01-01 info worker: all is well"])
        let line = lines.all.withLock { $0[0] }
        #expect(!line.contains("\n"))
        #expect(
            line.hasSuffix(
                #" notice worker: row given up error="x\u000a2026-01-01 info worker: all is well" id=7"#))
    }

    @Test func `a module has its own level, and it changes while loggers live`() {
        let levels = LogLevels(.info)
        var (logger, lines) = logger(.text, levels)
        logger[metadataKey: "stage"] = "issue"
        logger.debug("unheard")
        levels.replace(["issue": .debug, "all": .error])
        logger.debug("heard")
        #expect(lines.all.withLock { $0.count } == 1)
        #expect(levels["validate"] == .error)
        levels.replace([:])
        #expect(levels["validate"] == .info && levels["issue"] == .info)
    }
}
