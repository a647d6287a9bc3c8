import Administration
import Countersign
import Foundation
import Glibc

/// A file that holds one cursor, and never half of one.
struct CursorFile {
    let path: String

    /// Nil when there is no such file. Fails with 65 when it holds something else.
    func read() throws -> EventCursor? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw Failure(.configuration, "\(path) cannot be read: \(systemErrorText(error))")
        }
        guard let cursor = EventCursor(text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw Failure(.data, "\(path) holds no cursor of events --follow: move it away to begin anew")
        }
        return cursor
    }

    /// Written beside it, and on disk before it takes the other's place. Fails with 74.
    func save(_ cursor: EventCursor) throws {
        let url = URL(filePath: path + ".new")
        do {
            try Data("\(cursor)\n".utf8).write(to: url)
            let handle = try FileHandle(forUpdating: url)
            try handle.synchronize()
            try handle.close()
        } catch {
            throw Failure(.output, "\(path).new cannot be written: \(systemErrorText(error))")
        }
        guard unsafe rename(path + ".new", path) == 0 else {
            throw Failure(.output, "\(path) cannot be written: \(unsafe String(cString: strerror(errno)))")
        }
    }
}
