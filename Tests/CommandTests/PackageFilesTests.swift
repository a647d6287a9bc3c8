import Foundation
import Support
import Testing

/// What `scripts/package` puts beside the program. The whole of it is looked at by `scripts/package --check`, which
/// builds for release and takes minutes.
@Suite struct PackageFilesTests {
    private func text(_ path: String) throws -> String {
        try String(contentsOf: Checkout.root.appending(path: path), encoding: .utf8)
    }

    @Test(arguments: ["worker", "gateway"]) func `settings that there are, and none is set`(name: String)
        throws
    {
        let lines = try text("scripts/systemd/\(name).env").split(separator: "\n")
        #expect(lines.allSatisfy { $0.hasPrefix("#") })
        let variables = lines.compactMap { $0.firstMatch(of: /^#([A-Z_]+)=/)?.output.1 }
        #expect(variables.count > 3)
        let reference = try text("Sources/Countersign/Countersign.docc/Reference.md")
        for variable in variables { #expect(reference.contains("`\(variable)`"), "\(variable)") }
        // The guide's, with what it sets.
        let guide = try text("Sources/Countersign/Countersign.docc/Deployment.md")
        let file = try #require(guide.firstRange(of: "`/etc/countersign/\(name).env`"))
        let block = guide[file.upperBound...].split(separator: "```", maxSplits: 2)[1].dropFirst(
            "ini\n".count)
        for line in block.split(separator: "\n") {
            #expect(variables.contains(line.prefix { $0 != "=" }), "\(line)")
        }
    }

    @Test(arguments: ["postinst", "prerm", "postrm"]) func `scripts of dpkg are scripts`(name: String)
        async throws
    {
        let script = Checkout.root.appending(path: "scripts/debian/\(name)").path
        let outcome = try await runProgram("sh", ["-n", script])
        #expect(outcome.status == 0 && outcome.text == "")
        #expect(FileManager.default.isExecutableFile(atPath: script))
    }

    @Test(arguments: ["scripts/package", "scripts/debian/check", "scripts/debian/licences"])
    func `wrong usage is told`(script: String) async throws {
        let outcome = try await runProgram(
            Checkout.root.appending(path: script).path, ["--nonsense", "x", "y"])
        #expect(outcome.status == 64 && outcome.text.hasPrefix("usage: \(script)"))
    }
}
