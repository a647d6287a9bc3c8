import Administration
import Foundation
import Testing

/// `events --type` refuses what is never written, so its list must be complete.
@Suite struct EventTypeTests {
    /// What the migrations and the program hold, without what is generated from them.
    private func texts() throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        var all = ""
        for folder in ["migrations", "Sources"] {
            let files = try FileManager.default.subpathsOfDirectory(atPath: root.appending(path: folder).path)
            for file in files where file.hasSuffix(".sql") || file.hasSuffix(".swift") {
                guard !file.contains("Generated"), !file.hasSuffix("EventTypes.swift") else { continue }
                all += try String(contentsOf: root.appending(path: "\(folder)/\(file)"), encoding: .utf8)
            }
        }
        return all
    }

    @Test func `every type that is written can be asked for`() throws {
        let subjects = Set(AuditEvent.types.map(\.subject))
        let written = try texts().matches(of: /'(([a-z_]+)\.[a-z_]+)'/).filter {
            subjects.contains(String($0.output.2))
        }
        #expect(written.count > 30)
        for match in written {
            #expect(AuditEvent.isType(String(match.output.1)), "\(match.output.1)")
        }
    }

    @Test func `every type that can be asked for is written`() throws {
        let text = try texts()
        // These are put together from a status; others from what happened to a row.
        let composed = ["request.", "enrollment."]
        for (subject, events) in AuditEvent.types {
            for event in events {
                let isComposed =
                    composed.contains("\(subject).") && text.contains("'\(subject).' ||")
                    || text.contains("audit_row('\(subject)', ")
                    || text.contains("audit_client('\(subject)')")
                let name = "\(subject).\(event)"
                #expect(isComposed || text.contains("'\(name)'") || text.contains("\"\(name)\""), "\(name)")
            }
        }
    }
}
