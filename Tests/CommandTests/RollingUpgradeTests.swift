import Foundation
import Support
import Testing

/// A rolling upgrade from the real previous program and back, as `scripts/rehearse upgrade` has it, in a short form.
@Suite struct RollingUpgradeTests {
    private static let environment = ProcessInfo.processInfo.environment

    /// Where that script builds it, or what PREVIOUS names; nil when it is not there. A test does not build for ten
    /// minutes.
    private static let previous: String? = {
        let file = Checkout.root.appending(path: "scripts/rehearsals/previous")
        let lines = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
        let commit = lines.split(separator: "\n").last.map(String.init) ?? ""
        let built = Checkout.root.appending(path: ".build/previous/\(commit)/.build/debug/countersign").path
        let program = environment["PREVIOUS"] ?? built
        return FileManager.default.isExecutableFile(atPath: program) ? program : nil
    }()

    /// Nobody's stalls are measured here, beside other tests.
    @Test(
        .enabled(
            if: previous != nil,
            "the previous program is not built: run scripts/rehearse upgrade, or name it by PREVIOUS"))
    func `the previous program works on this schema, and nothing is lost on the way there and back`()
        async throws
    {
        let outcome = try await Shell().with("COUNTERSIGN", RunningProgram.executable.path)
            .with("PREVIOUS", Self.previous).with("PATH", Self.environment["PATH"])
            .with("COUNTERSIGN_TEST_URL", Self.environment["COUNTERSIGN_TEST_URL"])
            .with("COUNTERSIGN_POSTGRES", Self.environment["COUNTERSIGN_POSTGRES"])
            .start(
                [
                    Checkout.root.appending(path: "scripts/rehearse").path, "upgrade", "--rows", "2000",
                    "--seconds", "1", "--longest", "60000",
                ], isProgram: false
            ).outcome()
        #expect(outcome.status == 0, "\(outcome.text)")
    }
}
