import Countersign
import Foundation
import Glibc
import Postgres

/// What a phone remembers: its enrollment, its keys, the server's, and what it scanned last.
struct PhoneMemory: Codable {
    struct Scan: Codable {
        let code: String
        let prompt: String
    }

    let enrollmentID: String
    let userID: String
    let deviceID: String
    let publicKey: String
    /// Binary OpenPGP packets without a password: the file's mode protects them.
    let secretKey: Data
    let serverPublicKey: String?
    var scan: Scan?
}

/// The file that holds a phone's memory, which nobody but its owner can read.
struct PhoneFile {
    let path: String

    func read() throws -> PhoneMemory {
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else {
            throw Failure(
                .configuration, "there is no phone at \(path): make one with `countersign phone enroll`")
        }
        guard let mode = attributes[.posixPermissions] as? NSNumber, mode.intValue & 0o077 == 0 else {
            throw Failure(.configuration, "\(path) holds secret keys and others may read it: chmod 600 it")
        }
        guard let data = FileManager.default.contents(atPath: path),
            let memory = try? JSONDecoder().decode(PhoneMemory.self, from: data)
        else { throw Failure(.configuration, "\(path) is not a phone's file, or cannot be read") }
        return memory
    }

    /// Replaces the file once the new one stands beside it.
    func write(_ memory: PhoneMemory) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        let files = FileManager.default
        let draft = "\(path).\(getpid())"
        let isWritten = files.createFile(
            atPath: draft, contents: try encoder.encode(memory), attributes: [.posixPermissions: 0o600])
        do {
            guard isWritten else { throw CocoaError(.fileWriteUnknown) }
            if files.fileExists(atPath: path) { try files.removeItem(atPath: path) }
            try files.moveItem(atPath: draft, toPath: path)
        } catch {
            try? files.removeItem(atPath: draft)
            throw Failure(.output, "cannot write \(path)")
        }
    }
}

extension PhoneMemory {
    var enrollment: Identifier {
        get throws {
            guard let id = Identifier(enrollmentID) else {
                throw Failure(.configuration, "the phone's file names no enrollment")
            }
            return id
        }
    }
}
