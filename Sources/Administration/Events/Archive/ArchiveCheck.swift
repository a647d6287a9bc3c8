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
    package private(set) var weeks = 0
    package private(set) var events = 0
    /// Where the first week's events begin, as the chain has it.
    package private(set) var since: String?
    /// Whether nothing was closed before that. Else older weeks are somewhere else, or lost.
    package private(set) var isFromBeginning = true
    /// Of events whose user was erased: how many no event of an erasure in these files proves.
    package var unprovedErased: Int { erasures.unproved }
    /// How many certificates the database had no more when their events were archived.
    package private(set) var withoutCertificate = 0
    /// The newest digest that the files have.
    package private(set) var digest: String?
    package private(set) var until: String?

    private let folder: String
    private var erasures = ArchivedErasures()
    private var archived: [String: Set<String>] = [:]
    /// Those that the events of a week name and that were not met yet, by SHA-256.
    private var certificates: Set<String> = []

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
            if weeks > 0, manifest.digestBefore != digest {
                note(name, "it does not go on where the one before ends: a file is missing, or was changed")
            }
            if weeks == 0 { begin(manifest) }
            if manifest.columns != ArchiveManifest.columns {
                note(name, "its columns are not those of events")
            }
            check(manifest, name)
            weeks += 1
            digest = manifest.spans.last?.digest ?? manifest.digestBefore
            until = manifest.until
        }
        checkErasures()
        checkManifests(manifests)
    }

    /// Of one manifest, just written.
    init(folder: String, _ manifest: ArchiveManifest) {
        self.folder = folder
        check(manifest, manifest.partition)
        checkErasures()
    }

    private mutating func begin(_ manifest: ArchiveManifest) {
        let start = manifest.spans.first.flatMap { ArchiveManifest.milliseconds($0.since) }
        since = start.map { "\(Timestamp(microseconds: Int64($0) * 1_000))" } ?? manifest.since
        isFromBeginning = manifest.digestBefore == nil
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
        erasures.file = manifest.eventsFile.name
        var sums = EventSums(manifest, erasures)
        certificates = []
        while let line = try reader.next() {
            sums.add(line)
            if let name = ArchivedEvent.certificate(line) { certificates.insert(name) }
        }
        erasures = sums.erasures
        archived.merge(sums.archived) { $0.union($1) }
        events += sums.count
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
        let file = manifest.certificatesFile
        var reader = try GzipReader(path: "\(folder)/\(file.name)")
        var count = 0
        while let line = try reader.next() {
            let entry = try? JSONDecoder().decode(ArchivedCertificate.self, from: Data(line))
            guard let entry, hexadecimal(SHA256.hash(data: Array(entry.certificate.utf8))) == entry.sha256
            else {
                return note(file.name, "a certificate was changed")
            }
            count += 1
            certificates.remove(entry.sha256)
        }
        if count != file.lines { note(file.name, "\(count) certificates are there, \(file.lines) were") }
        let missing = certificates.count
        if missing != manifest.withoutCertificate {
            note(
                file.name,
                "\(missing) certificates that events name are missing, \(manifest.withoutCertificate) were")
        }
        withoutCertificate += missing
    }

    /// The database writes down what it archives, and that event stands in a later week.
    private mutating func checkManifests(_ names: [String]) {
        for name in names {
            guard let known = archived[String(name.dropLast(5))] else { continue }
            let digest = fileDigest(path: "\(folder)/\(name)") ?? ""
            if !known.contains(digest) { note(name, "it is not the manifest that an event tells of") }
        }
    }

    private mutating func checkErasures() {
        for (erasure, file) in erasures.faults {
            note(file, "the erased events are not those that the erasure \(erasure) tells of")
        }
    }
}

/// A line of the file of certificates.
struct ArchivedCertificate: Codable {
    let sha256: String
    /// Armored.
    let certificate: String
}
