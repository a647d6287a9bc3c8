import Dispatch
import Foundation
import Glibc
package import Postgres

/// What was done to an installation, in a file outside its database: a restore takes the database back, and this not.
///
/// A line of JSON for each command that has changed something, appended and flushed to the disk before the command
/// answers. No secret is in it. Where the path is a folder, each machine has a file of its own there, and all are read.
///
/// Files are read and written on a thread of their own: a disk that hangs keeps nobody waiting but those who asked.
package struct Journal: Sendable {
    package struct Entry: Codable, Hashable, Sendable {
        /// RFC 3339 in UTC with six decimals, so that texts compare as times. Of the machine that wrote it.
        package let at: String
        /// As it was typed, without `countersign`.
        package let command: String
    }

    /// What this machine writes.
    let file: String
    private let folder: String?
    private let queue = DispatchQueue(label: "countersign.journal")

    /// Makes the file where there is none. Throws `JournalError`.
    package init(path: String) throws {
        if (try? FileManager.default.contentsOfDirectory(atPath: path)) != nil {
            let host = ProcessInfo.processInfo.hostName.replacing("/", with: "_")
            (folder, file) = (path, "\(path)/\(host).journal")
        } else {
            (folder, file) = (nil, path)
        }
        _ = try opened()
    }

    /// Ends when it is on the disk. Throws `JournalError`.
    package func append(_ command: String) async throws {
        try await apart { try write(command) }
    }

    /// Of all files, in the order of their times. A line that cannot be read is passed over.
    package func entries() async throws -> [Entry] {
        try await apart { try readAll() }
    }

    func apart<T: Sendable>(_ work: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { waiting in
            queue.async { waiting.resume(with: Result(catching: work)) }
        }
    }

    private func write(_ command: String) throws {
        let line = jsonText(Entry(at: Timestamp.now().description, command: command)) + "\n"
        let handle = try opened()
        do {
            // A line that a full disk has cut short must not spoil this one.
            try handle.write(contentsOf: Data((try endsWithLine() ? line : "\n" + line).utf8))
            try handle.synchronize()
            try handle.close()
        } catch {
            throw JournalError(file: file, doing: "written", error)
        }
    }

    private func readAll() throws -> [Entry] {
        let decoder = JSONDecoder()
        return try files().flatMap { file in
            let data = try read(file)
            return data.split(separator: UInt8(ascii: "\n")).compactMap {
                try? decoder.decode(Entry.self, from: Data($0))
            }
        }.sorted { $0.at < $1.at }
    }

    private func files() throws -> [String] {
        guard let folder else { return [file] }
        let names = try? FileManager.default.contentsOfDirectory(atPath: folder)
        return (names ?? []).filter { $0.hasSuffix(".journal") }.sorted().map { "\(folder)/\($0)" }
    }

    private func read(_ file: String) throws -> Data {
        do {
            return try Data(contentsOf: URL(filePath: file))
        } catch {
            throw JournalError(file: file, doing: "read", error)
        }
    }

    private func opened() throws -> FileHandle {
        do {
            let url = URL(filePath: file)
            if !FileManager.default.fileExists(atPath: file) {
                try? Data().write(to: url, options: .withoutOverwriting)
                try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
            }
            let handle = try FileHandle(forWritingTo: url)
            _ = fcntl(handle.fileDescriptor, F_SETFL, O_APPEND)
            return handle
        } catch {
            throw JournalError(file: file, doing: "opened", error)
        }
    }

    private func endsWithLine() throws -> Bool {
        let handle = try FileHandle(forReadingFrom: URL(filePath: file))
        let end = try handle.seekToEnd()
        guard end > 0 else { return true }
        try handle.seek(toOffset: end - 1)
        return try handle.read(upToCount: 1) == Data([UInt8(ascii: "\n")])
    }
}

/// What a restore takes back and the journal does not.
extension Journal {
    private static let revocation = "enrollment revoke "

    package func append(revocationOf enrollment: Identifier) async throws {
        try await append(Self.revocation + enrollment.description)
    }

    /// The enrollments that were ever revoked.
    package func revoked() async throws -> [Identifier] {
        try await entries().compactMap { entry in
            entry.command.hasPrefix(Self.revocation)
                ? Identifier(String(entry.command.dropFirst(Self.revocation.count))) : nil
        }
    }

    /// What an operator has to repeat: all since that time that is no revocation, which workers repeat by themselves.
    package func commands(since: Timestamp) async throws -> [Entry] {
        try await entries().filter { $0.at >= since.description && !$0.command.hasPrefix(Self.revocation) }
    }
}
