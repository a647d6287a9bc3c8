import Countersign
import Foundation
import Gateway
import Operations
import Support
import Testing

/// What the build has embedded is what the folders hold. `Files` are texts that Swift source can hardly hold.
@Suite struct EmbedFilesTests {
    struct Folder: CustomTestStringConvertible {
        let path: String
        let embedded: [(path: String, text: String)]

        var testDescription: String { path }

        static func temporary() throws -> URL {
            let folder = FileManager.default.temporaryDirectory.appending(path: "embed-\(UUID())")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
            return folder
        }
    }

    private let advice = "build again; if that does not help, touch Package.swift and build again"

    static let folders = [
        Folder(path: "Sources/Countersign", embedded: Countersign.EmbeddedFiles.all),
        Folder(path: "Sources/Gateway", embedded: Gateway.EmbeddedFiles.all),
        Folder(path: "Sources/Operations", embedded: Operations.EmbeddedFiles.all),
        Folder(path: "Tests/EmbedFilesTests", embedded: EmbeddedFiles.all),
    ]

    @Test(arguments: folders) func `every file of a folder is in its module, byte for byte`(_ folder: Folder)
        throws
    {
        let root = Checkout.root.appending(path: folder.path)
        let paths = files(below: root)
        #expect(!paths.isEmpty)
        #expect(folder.embedded.map(\.path) == paths, "\(advice)")
        for (path, text) in folder.embedded {
            let bytes = try Data(contentsOf: root.appending(path: path))
            #expect(Data(text.utf8) == bytes, "\(path): \(advice)")
        }
    }

    @Test func `what is not UTF-8 is refused by its path`() async throws {
        let folder = try Folder.temporary()
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data([0x61, 0xFF]).write(to: folder.appending(path: "a.css"))
        let outcome = try await embed("a.css", in: folder)
        #expect(outcome.status == 1)
        let sentence = "error: a.css is not UTF-8, and only text can be embedded\n"
        #expect(outcome.errors == sentence)
    }

    /// What is written anew is compiled anew, and SwiftPM runs the program more often than a file changes.
    @Test func `source that would be the same is left alone`() async throws {
        let folder = try Folder.temporary()
        defer { try? FileManager.default.removeItem(at: folder) }
        let source = folder.appending(path: "out.swift").path
        var versions: [Int] = []
        for text in ["a", "a", "b"] {
            try Data(text.utf8).write(to: folder.appending(path: "a.css"))
            #expect(try await embed("a.css", in: folder).status == 0)
            let file = try FileManager.default.attributesOfItem(atPath: source)
            versions.append(try #require(file[.systemFileNumber] as? Int))
        }
        #expect(versions[0] == versions[1])
        #expect(versions[1] != versions[2])
    }

    private func embed(_ file: String, in folder: URL) async throws -> Outcome {
        let program = RunningProgram.executable.deletingLastPathComponent().appending(path: "EmbedFiles")
        return try await runProgram(
            program.path, [folder.appending(path: "out.swift").path, folder.path, file])
    }

    /// Those that are no sources, as paths; a name that begins with a dot hides a file.
    private func files(below folder: URL, _ path: String = "") -> [String] {
        let place = folder.appending(path: path).path
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: place) else { return [path] }
        let seen = names.filter { !$0.hasPrefix(".") && !$0.hasSuffix(".swift") && !$0.hasSuffix(".docc") }
        return seen.flatMap { files(below: folder, path.isEmpty ? $0 : "\(path)/\($0)") }.sorted()
    }
}
