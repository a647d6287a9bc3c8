import Countersign
import Crypto
import FoundationEssentials
package import Postgres

/// Takes old partitions of the audit trail out of the database into files, the oldest first.
///
/// Each is a file of events, a line of JSON each, a file of the certificates that prove them, and a manifest, which is
/// written last. A partition is dropped when its files are on the disk and were read again, and not before: an archive that is
/// interrupted at any point is begun anew and loses nothing.
package struct EventArchive: Sendable {
    package struct Partition: Sendable, Hashable {
        package let name: String
        package let since: Timestamp
        package let until: Timestamp
    }

    /// What became of a partition.
    package struct Archived: Sendable {
        package let partition: Partition
        package let events: Int
        /// Of the manifest.
        package let digest: String
    }

    private let folder: String
    private let batch: Int

    /// Makes the folder where there is none.
    package init(folder: String, batch: Int = 5_000) throws {
        (self.folder, self.batch) = (folder, batch)
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    /// Those that are over at that time. The session is the owner's, and nobody else archives until it ends.
    package static func partitions(
        before: Timestamp, _ connection: inout Connection
    ) async throws -> [Partition] {
        guard try await connection.run(LockArchive()).one() else {
            throw AdministrationError.refused("somebody else is archiving events at this moment")
        }
        return try await connection.run(ListEndedPartitions(before: before)).all()
    }

    /// Exports a partition, reads the files again, and drops it.
    package func archive(_ partition: Partition, _ connection: inout Connection) async throws -> Archived {
        let manifest = try await export(partition, &connection)
        let digest = try keep(manifest)
        guard let content = bytes(ofHexadecimal: manifest.content), let bytes = bytes(ofHexadecimal: digest)
        else {
            throw AdministrationError.refused("\(partition.name) has no digest")
        }
        try await connection.run(
            DropArchivedEvents(
                partition: partition.name, events: manifest.eventsFile.lines, erased: manifest.erased.count,
                content: content, manifest: bytes))
        return Archived(partition: partition, events: manifest.eventsFile.lines, digest: digest)
    }

    private func path(_ name: String) -> String { "\(folder)/\(name)" }
}

extension EventArchive {
    /// What a partition's files have.
    private struct Written {
        var events = 0
        var certificates: Set<String> = []
        var erased: [ArchiveManifest.Erased] = []
    }

    private func export(
        _ partition: Partition, _ connection: inout Connection
    ) async throws -> ArchiveManifest {
        let (eventsName, certificatesName) = (
            "\(partition.name).jsonl.gz", "\(partition.name).certificates.jsonl.gz"
        )
        let spans = try await connection.run(ListSpans(partition: partition)).all()
        let before = try await connection.run(FindDigestBefore(partition: partition)).first()
        let written = try await write(partition, eventsName, certificatesName, &connection)
        var manifest = ArchiveManifest(
            partition: partition.name, since: "\(partition.since)", until: "\(partition.until)",
            eventsFile: try described(eventsName, written.events),
            certificatesFile: try described(certificatesName, written.certificates.count),
            content: "", digestBefore: before, spans: spans, erased: written.erased,
            withoutCertificate: 0)
        try add(&manifest, certificates: written.certificates)
        return manifest
    }

    /// Writes the files of events and certificates, beside those of an earlier attempt.
    private func write(
        _ partition: Partition, _ eventsName: String, _ certificatesName: String,
        _ connection: inout Connection
    ) async throws -> Written {
        var events = try GzipWriter(path: path(eventsName + ".part"))
        var certificates = try GzipWriter(path: path(certificatesName + ".part"))
        var written = Written()
        var last: Identifier?
        while true {
            let page = try await connection.run(
                ReadEventsToArchive(partition: partition, after: last, limit: batch)
            ).all()
            for row in page {
                try events.write(row.line)
                if let erased = row.erased { written.erased.append(erased) }
                guard let certificate = row.certificate else { continue }
                let digest = hexadecimal(SHA256.hash(data: Array(certificate.utf8)))
                guard written.certificates.insert(digest).inserted else { continue }
                try certificates.write(
                    jsonText(ArchivedCertificate(sha256: digest, certificate: certificate)))
            }
            written.events += page.count
            last = page.last?.id ?? last
            if page.count < batch { break }
        }
        try events.close()
        try certificates.close()
        return written
    }

    private func described(_ name: String, _ lines: Int) throws -> ArchiveManifest.File {
        guard let digest = fileDigest(path: path(name + ".part")) else {
            throw AdministrationError.refused("\(path(name)) cannot be read")
        }
        return .init(name: name, lines: lines, sha256: digest)
    }

    /// What is told of the events comes from the file.
    private func add(_ manifest: inout ArchiveManifest, certificates: Set<String>) throws {
        var missing: Set<String> = []
        var reader = try GzipReader(path: path(manifest.eventsFile.name + ".part"))
        var sums = EventSums(manifest)
        while let line = try reader.next() {
            sums.add(line)
            guard let name = ArchivedEvent.certificate(line) else { continue }
            if !certificates.contains(name) { missing.insert(name) }
        }
        if let problem = sums.end().first {
            throw AdministrationError.refused(
                "\(manifest.partition) does not fit the chain of digests: \(problem)")
        }
        (manifest.first, manifest.last, manifest.content) = (sums.first, sums.last, sums.content)
        manifest.withoutCertificate = missing.count
    }

    /// Puts the files in their places, reads them again, and writes the manifest. Returns its digest.
    private func keep(_ manifest: ArchiveManifest) throws -> String {
        let name = "\(manifest.partition).json"
        if let old = ArchiveManifest.read(path: path(name)), old.content != manifest.content {
            throw AdministrationError.refused(
                "\(folder) has another archive of \(manifest.partition) already")
        }
        for file in [manifest.eventsFile.name, manifest.certificatesFile.name] { try move(file) }
        if let problem = ArchiveCheck(folder: folder, manifest).problems.first {
            throw AdministrationError.refused("\(problem.file): \(problem.sentence)")
        }
        let text = jsonText(manifest) + "\n"
        try Data(text.utf8).write(to: URL(filePath: path(name + ".part")))
        try synchronize(path: path(name + ".part"))
        try move(name)
        try synchronize(path: folder)
        return hexadecimal(SHA256.hash(data: Array(text.utf8)))
    }

    private func move(_ name: String) throws {
        try rename(path: path(name + ".part"), to: path(name))
    }
}
