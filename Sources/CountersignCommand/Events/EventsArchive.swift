import Administration
import ArgumentParser
import Countersign
import Foundation
import Postgres

struct EventsArchive: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "archive",
        abstract: "Move old events into files: export them, read the files again, drop them.",
        discussion: """
            Whole partitions, which are weeks, that are over at that time, the oldest first. Each becomes a file of events \
            (a line of JSON each, gzip), a file of the certificates that prove signed answers, and a manifest with \
            the digests of both, the number of events, the first and the last, and their links of the chain. A \
            partition is dropped when all of that is on the disk and was read again. What is interrupted loses \
            nothing: repeat it. `events verify --archive` looks at the files without a database.

            Erasing a user does not reach into files.

            Examples:
              countersign events archive /srv/audit --before 90d
              countersign events archive /srv/audit --before 2026-01-31 --json
            """)
    static let role: GroupRole? = nil
    static let isLong = true

    @Argument(help: "The folder; it is made when there is none.", completion: .directory)
    var folder: String

    @Option(
        help: ArgumentHelp(
            "Which are over then: \(Since.allowed).", valueName: "time"))
    var before: String

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    private var end = Since.ago(.zero)

    mutating func prepare() throws {
        do {
            end = try Since(typed: before)
        } catch {
            throw Failure(.usage, "--before must be \(Since.allowed), not '\(before)'")
        }
    }

    func run(_ connection: inout Connection) async throws {
        let journal = try database.openJournal()
        let now = try await connection.run(ReadClock()).one().time
        let partitions = try await EventArchive.partitions(before: end.moment(now), &connection)
        _ = umask(0o077)  // the files name users
        do {
            let archive = try EventArchive(folder: folder)
            // Before the first partition, each of which counts.
            if !partitions.isEmpty {
                try await journal?.append(typed("events archive", [folder], ["before": before]))
            }
            var records: [Record] = []
            for partition in partitions {
                records.append(try await archive.archive(partition, &connection).record)
                writeError("countersign: \(partition.name) is in \(plain(folder)), and dropped")
            }
            try output.show(records, otherwise: "There are no events to archive.")
        } catch let error as GzipError {
            throw Failure(.output, "\(error)")
        } catch let error as CocoaError {
            throw Failure(.output, "\(folder) cannot be written: \(systemErrorText(error))")
        }
    }

    private enum CodingKeys: CodingKey { case folder, before, output, database }
}

extension EventArchive.Archived {
    fileprivate var record: Record {
        [
            "partition": .text(partition.name), "since": .time(partition.since),
            "until": .time(partition.until),
            "events": .number(events), "manifest_sha256": .text(digest),
        ]
    }
}
