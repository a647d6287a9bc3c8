import Foundation
import Support
import Testing

/// What is in scripts/: each file says at once what it does, and refuses what it does not take.
@Suite struct ScriptTests {
    static let scripts: [URL] = {
        let folder = Checkout.root.appending(path: "scripts")
        let files = try? FileManager.default.contentsOfDirectory(
            at: folder, includingPropertiesForKeys: [.isExecutableKey])
        return (files ?? []).filter {
            !$0.hasDirectoryPath && FileManager.default.isExecutableFile(atPath: $0.path)
        }.sorted { $0.path < $1.path }
    }()

    @Test(arguments: scripts) func `the first line says what a script does`(script: URL) throws {
        let lines = try String(contentsOf: script, encoding: .utf8).split(separator: "\n")
        #expect(lines[0].hasPrefix("#!/usr/bin/env "))
        let sentence = lines[1].trimmingPrefix(/# |"""/)
        #expect(sentence.wholeMatch(of: /[A-Z][a-z]+ .*\./) != nil, "\(sentence)")
        #expect(
            lines.contains { $0.contains("usage: ") && $0.contains("scripts/\(script.lastPathComponent)") })
    }

    /// scripts/test hands on what it is given; what is wrong there `swift test` tells.
    @Test(arguments: scripts.filter { $0.lastPathComponent != "test" })
    func `what a script does not take is wrong usage`(script: URL) async throws {
        let outcome = try await Shell().start([script.path, "nonsense", "--nonsense"], isProgram: false)
            .outcome()
        #expect(outcome.status == 64)
        #expect(outcome.output == "" && outcome.errors.hasPrefix("usage: "), "\(outcome.text)")
    }
}
