import Administration
import ArgumentParser
import Countersign
import Engine
import Postgres

/// `countersign restored`.
struct RestoredCommand: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "restored",
        abstract: "After a restore, a clone or a promotion with loss: look after it, and let work go on.",
        discussion: """
            Ends what was open as failed, removes codes, revokes again what the journal says was revoked, shows what \
            was found and what has to be repeated, and then lets webhooks, workers and gateways go on. Workers do the \
            first part by themselves when they notice that history has gone back.

            A restore that nobody can notice, such as a volume put back from a snapshot, is told with --declare. \
            That ends all requests that are open, which it says before it asks; a script gives --yes.

            Examples:
              countersign restored --show
              countersign restored --journal /var/lib/countersign/journal
              countersign restored --show --declare
              countersign restored --declare
              countersign restored --declare --yes
              countersign restored --discard
            """)
    static let role: GroupRole? = .admin

    @Flag(help: "Change nothing: only show.")
    var show = false

    @Flag(help: "Say that history has gone back, though nobody has noticed it.")
    var declare = false

    @Flag(help: "Give up the webhooks of requests that the restore has ended, instead of sending them.")
    var discard = false

    @OptionGroup var confirmation: Confirmation
    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    mutating func prepare() throws {
        guard show, discard else { return }
        throw Failure(.usage, "--show changes nothing: leave out --discard, or it")
    }

    func run(_ connection: inout Connection) async throws {
        let journal = try database.openJournal()
        if declare {
            let foreseen = try await Restore.foresee(&connection)
            guard !show else {
                return try output.show([
                    "requests_to_fail": .number(foreseen.requests),
                    "codes_to_remove": .number(foreseen.codes),
                ])
            }
            try confirmation.ask(warning(foreseen))
        }
        if show {
            let memory = EpochMemory(worker: .random(), journal: journal)
            if let fault = try await connection.run(FindEpochFault(memory.question)).one() {
                return write("History has gone back, and no worker has noticed it yet: \(fault).")
            }
        } else {
            try await lookAfter(&connection, journal)
        }
        guard let restore = try await Restore.latest(&connection), restore.releasedAt == nil else {
            return try output.wantsJSON
                ? write("{}") : write("History has not gone back, or that was looked after.")
        }
        let commands = try await commands(since: restore.knownUntil, in: journal)
        if try output.wantsJSON {
            try output.show(record(restore) + ["to_repeat": .texts(commands)])
        } else {
            try output.show(record(restore))
            for command in commands { write("To be repeated: \(plain(command))") }
        }
        if !show, let webhooks = try await Restore.release(sending: !discard, &connection),
            try !output.wantsJSON
        {
            write(
                "Work goes on; \(webhooks) webhooks \(discard ? "were released or given up" : "were released")."
            )
        }
    }

    private func warning(_ foreseen: Restore.Foreseen) -> String {
        "open requests end as failed (\(foreseen.requests)), their webhooks are \(discard ? "given up" : "sent"), "
            + "and codes that were not collected are removed (\(foreseen.codes))"
    }

    private func lookAfter(_ connection: inout Connection, _ journal: Journal?) async throws {
        if declare {
            try await Restore.declare(&connection)
        } else {
            let memory = EpochMemory(worker: .random(), journal: journal)
            _ = try await connection.run(memory.question)
        }
        while try await connection.run(ClearSuspects(limit: 1_000)).one() > 0 {}
        if let journal { try await revokeAgain(try await journal.revoked(), &connection) }
    }

    private func revokeAgain(_ revoked: [Identifier], _ connection: inout Connection) async throws {
        let back = try await connection.run(RevokeAgain(enrollments: revoked)).all()
        let held = back.filter { !$0.isRevoked }
        guard held.isEmpty else {
            throw Failure(
                .temporary,
                "\(held.count) enrollments that were revoked are held by somebody's transaction: run it again"
            )
        }
    }

    private func commands(since: Timestamp?, in journal: Journal?) async throws -> [String] {
        guard let since else { return [] }
        guard let journal else {
            return ["all after \(since): without --journal, compare with what you have elsewhere"]
        }
        return try await journal.commands(since: since).map { "\($0.at) \($0.command)" }
    }

    private func record(_ restore: Restore) -> Record {
        [
            "epoch": .number(restore.number), "noticed_at": .time(restore.beganAt),
            "known_until": .time(restore.knownUntil), "reason": .text(restore.reason),
            "requests_failed": .number(restore.requests), "codes_removed": .number(restore.codes),
            "enrollments_revoked": .number(restore.enrollments), "webhooks_waiting": .number(restore.waiting),
        ]
    }

    private enum CodingKeys: CodingKey { case show, declare, discard, confirmation, output, database }
}
