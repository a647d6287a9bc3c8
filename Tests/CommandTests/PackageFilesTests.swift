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

    /// Pictures, too, and what lies outside of the guides.
    @Test func `no link of the guides leads nowhere`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: folder) }
        let script = Checkout.root.appending(path: "scripts/debian/documents").path
        let outcome = try await runProgram(script, [folder.path])
        try #require(outcome.status == 0, "\(outcome.text)")
        var links = 0
        for guide in try FileManager.default.subpathsOfDirectory(atPath: folder.path)
        where guide.hasSuffix(".md") {
            let file = folder.appending(path: guide)
            let text = try String(contentsOf: file, encoding: .utf8)
            for link in text.matches(of: /\]\(([^)#:\s]+)(?:#[^)]*)?\)/).map({ String($0.output.1) }) {
                let target = file.deletingLastPathComponent().appending(path: link).standardizedFileURL
                #expect(target.path.hasPrefix(folder.standardizedFileURL.path), "\(guide): \(link)")
                #expect(FileManager.default.fileExists(atPath: target.path), "\(guide): \(link)")
                links += 1
            }
        }
        #expect(links > 30)
    }

    @Test(arguments: [
        "scripts/package", "scripts/debian/check", "scripts/debian/licences", "scripts/debian/documents",
    ])
    func `wrong usage is told`(script: String) async throws {
        let outcome = try await runProgram(
            Checkout.root.appending(path: script).path, ["--nonsense", "x", "y"])
        #expect(outcome.status == 64 && outcome.text.hasPrefix("usage: \(script)"))
    }
}
