import CountersignApp
import Crypto
import Foundation
import Glibc

/// What a phone remembers: its enrollment, its secrets, and what it scanned last.
struct PhoneMemory: Codable {
    struct Scan: Codable {
        let code: String
        let prompt: Prompt
    }

    let enrollment: Enrollment
    /// When the key was made.
    let created: Date
    /// The 32 bytes of each secret. No password protects them: the file's mode does.
    let signingSecret: Data
    let decryptionSecret: Data
    var scan: Scan?

    var key: DeviceKey {
        get throws {
            DeviceKey(
                signer: Ed25519Signer(try .init(rawRepresentation: signingSecret)),
                decrypter: Curve25519Decrypter(try .init(rawRepresentation: decryptionSecret)),
                created: created)
        }
    }
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
            // It replaces the old one as it comes, so that there is one at each moment.
            guard unsafe rename(draft, path) == 0 else { throw CocoaError(.fileWriteUnknown) }
        } catch {
            try? files.removeItem(atPath: draft)
            throw Failure(.output, "cannot write \(path)")
        }
    }
}
