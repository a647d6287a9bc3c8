import Countersign
import Crypto
import FoundationEssentials
import Postgres

/// Looks whether archived events are as they were closed, with the files alone.
package struct ArchiveCheck: Sendable {
    /// A file, and what is wrong with it.
    package struct Problem: Sendable, Hashable {
        package let file: String
        package let sentence: String
    }

    package private(set) var problems: [Problem] = []
    package private(set) var events = 0
    /// The newest digest that the files have.
    package private(set) var digest: String?
    package private(set) var until: String?

    private let folder: String

    /// Reads every file of the folder that a manifest names. Throws when there is none.
    package init(folder: String) throws(AdministrationError) {
        self.folder = folder
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let manifests = names.filter { $0.hasPrefix("events_") && $0.hasSuffix(".json") }.sorted()
        guard !manifests.isEmpty else { throw .refused("there is no archive of events in \(folder)") }
        for name in manifests {
            guard let manifest = ArchiveManifest.read(path: "\(folder)/\(name)") else {
                note(name, "it is no manifest that this program reads")
                continue
            }
            if until != nil, manifest.digestBefore != digest {
                note(name, "it does not go on where the one before ends: a file is missing, or was changed")
            }
            if manifest.columns != ArchiveManifest.columns {
                note(name, "its columns are not those of events")
            }
            check(manifest, name)
            events += manifest.eventsFile.lines
            digest = manifest.spans.last?.digest ?? manifest.digestBefore
            until = manifest.until
        }
    }

    /// Of one manifest, just written.
    init(folder: String, _ manifest: ArchiveManifest) {
        self.folder = folder
        check(manifest, manifest.partition)
    }

    private mutating func note(_ file: String, _ sentence: String) {
        problems.append(Problem(file: file, sentence: sentence))
    }

    private mutating func check(_ manifest: ArchiveManifest, _ name: String) {
        for file in [manifest.eventsFile, manifest.certificatesFile] {
            guard !file.name.contains("/"), let digest = fileDigest(path: "\(folder)/\(file.name)") else {
                return note(name, "\(file.name) cannot be read")
            }
            if digest != file.sha256 { note(file.name, "the file was changed") }
        }
        do {
            try checkEvents(manifest)
            try checkCertificates(manifest)
        } catch let error as GzipError {
            note(name, error.description)
        } catch {
            note(name, "\(error)")
        }
    }

    private mutating func checkEvents(_ manifest: ArchiveManifest) throws {
        var reader = try GzipReader(path: "\(folder)/\(manifest.eventsFile.name)")
        var sums = EventSums(manifest.spans, erased: manifest.erased, before: manifest.digestBefore)
        while let line = try reader.next() { sums.add(line) }
        for problem in sums.end() { note(manifest.eventsFile.name, problem) }
        if sums.count != manifest.eventsFile.lines {
            note(
                manifest.eventsFile.name, "\(sums.count) events are there, \(manifest.eventsFile.lines) were")
        }
        if sums.first != manifest.first || sums.last != manifest.last || sums.content != manifest.content {
            note(manifest.eventsFile.name, "the events are not those that were archived")
        }
    }

    private mutating func checkCertificates(_ manifest: ArchiveManifest) throws {
        var reader = try GzipReader(path: "\(folder)/\(manifest.certificatesFile.name)")
        while let line = try reader.next() {
            let entry = try? JSONDecoder().decode(ArchivedCertificate.self, from: Data(line))
            guard let entry, hexadecimal(SHA256.hash(data: Array(entry.certificate.utf8))) == entry.sha256
            else {
                return note(manifest.certificatesFile.name, "a certificate was changed")
            }
        }
    }
}

/// A line of the file of certificates.
struct ArchivedCertificate: Codable {
    let sha256: String
    /// Armored.
    let certificate: String
}
