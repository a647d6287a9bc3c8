import Foundation
import Support
import Testing

/// The guides: what they tell is typed as their readers would, what they say is there is there, and they can be read.
@Suite(.serialized) struct GuideTests {
    static let guides = [Checkout.root.appending(path: "README.md")] + pages

    private static var pages: [URL] {
        let folder = Checkout.root.appending(path: "Sources/Countersign/Countersign.docc")
        let files = try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        return (files ?? []).filter { $0.pathExtension == "md" }.sorted { $0.path < $1.path }
    }

    private func script(_ name: String, _ arguments: String...) async throws -> Outcome {
        let environment = ProcessInfo.processInfo.environment
        return try await Shell().with("COUNTERSIGN", RunningProgram.executable.path)
            .with("COUNTERSIGN_POSTGRES", environment["COUNTERSIGN_POSTGRES"]).with(
                "PATH", environment["PATH"]
            )
            .start([Checkout.root.appending(path: "scripts/\(name)").path] + arguments, isProgram: false)
            .outcome()
    }

    /// Each statement in psql, each command in bash, in its reader's name, on a server of its own; see scripts/guide.
    /// One after the other: each has a worker and a gateway, too.
    @Test(arguments: guides) func `what a guide tells its readers to type works`(guide: URL) async throws {
        let outcome = try await script("guide", guide.path)
        #expect(outcome.text == "" && outcome.status == 0, "\(outcome.text)")
    }

    @Test func `DocC takes the guides, and their links lead somewhere`() async throws {
        let outcome = try await script("docs")
        #expect(outcome.status == 0, "\(outcome.text)")
    }

    @Test func `a stranger need not read more than 200 lines`() throws {
        let lines = try String(contentsOf: Self.guides[0], encoding: .utf8).split(
            separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count <= 200)
        let twoCommands = try #require(lines.firstIndex { $0.hasPrefix("scripts/demo ") })
        #expect(twoCommands < 20 && lines[twoCommands + 1].hasPrefix("scripts/test "))
    }

    /// What is not typed has a reason that is not the test's comfort: keep these few.
    @Test func `hardly a command is left untried`() throws {
        let untried = try Self.guides.flatMap { guide in
            try String(contentsOf: guide, encoding: .utf8).matches(of: /```(sh|sql) unrun: (.+)/)
        }
        #expect(untried.count <= 7)
    }
}
