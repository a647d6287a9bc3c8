package import Foundation

extension Process {
    /// Runs it, and closes this process's side of the files that it reads and writes. Foundation keeps them open for as
    /// long as it keeps the process, which is for ever: after some 1,300 of them its own `run` reads over the end of a
    /// page while it looks which are open, and now and then that was the end of the tests.
    package func runOnFiles() throws {
        // What was not given is this process's own.
        let others: [FileHandle] = [.nullDevice, .standardInput, .standardOutput, .standardError]
        defer {
            for case let file as FileHandle in [standardInput, standardOutput, standardError]
            where !others.contains(where: { $0 === file }) {
                try? file.close()
            }
        }
        try run()
    }
}
