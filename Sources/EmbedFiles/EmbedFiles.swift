import Foundation

/// usage: EmbedFiles OUTPUT FOLDER PATH...
///
/// Writes Swift source that holds the files at those paths below the folder.
@main enum EmbedFiles {
    static func main() throws {
        let arguments = CommandLine.arguments
        do {
            let folder = URL(filePath: arguments[2], directoryHint: .isDirectory)
            let files = try arguments.dropFirst(3).map { path in
                try EmbeddedFile(path: path, bytes: Data(contentsOf: folder.appending(path: path)))
            }
            try write(Data(source(of: files).utf8), to: URL(filePath: arguments[1]))
        } catch let error as NotText {
            FileHandle.standardError.write(Data("error: \(error)\n".utf8))
            exit(1)
        }
    }

    /// A file that is written anew is compiled anew, also when it holds the same: SwiftPM runs this again whenever it
    /// has linked the tool again, which each `swift test` after a build does.
    private static func write(_ source: Data, to output: URL) throws {
        guard (try? Data(contentsOf: output)) != source else { return }
        try source.write(to: output, options: .atomic)
    }

    static func source(of files: [EmbeddedFile]) -> String {
        """
        // Made at each build from the files that it names: change those.

        /// The files of this module's folder that are no sources, under their paths there.
        package enum EmbeddedFiles {
        \(files.map { "    package static let `\($0.path)` = \($0.literal)\n" }.joined())
            /// All of them, in the order of their paths.
            package static let all: [(path: String, text: String)] = [
        \(files.map { "        (\"\($0.path)\", `\($0.path)`),\n" }.joined())    ]
        }

        """
    }
}
