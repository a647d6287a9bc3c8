import Administration
import ArgumentParser
import Postgres

struct EventsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "The audit trail.",
        discussion: """
            Examples:
              countersign events --since 15m
              countersign events search --user alice --type request,enrollment
              countersign events --follow --format json --cursor events.cursor
              countersign events verify
            """,
        subcommands: [EventsSearch.self, EventsVerify.self], defaultSubcommand: EventsSearch.self)
}

struct EventsVerify: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Find events that were changed, removed or added afterwards.",
        discussion: """
            Workers close each minute of events with a digest that carries the one before. This makes all of them \
            again, and ends with 65 when one does not fit. Days that were dropped when their retention was over do \
            no harm. Who keeps the printed digest elsewhere knows later that nothing was cut off before it.

            Examples:
              countersign events verify
              countersign events verify --json
            """)
    static let role: GroupRole? = .admin

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        let chain = try await EventChain.verify(&connection)
        let problems = chain.problems.map { problem -> Record in
            [
                "since": .time(problem.since), "until": .time(problem.until),
                "problem": .text(problem.sentence),
            ]
        }
        let end: Record = [
            "events": .number(chain.end?.events ?? 0), "until": .time(chain.end?.until),
            "digest": .text(chain.end?.digest),
        ]
        if try output.wantsJSON {
            try output.show(end + ["problems": .records(problems)])
        } else {
            try output.show(problems, otherwise: "Every event that was closed is as it was.")
            write(TextTable.details(end))
        }
        guard problems.isEmpty else {
            throw Failure(.data, "the audit trail was changed in \(problems.count) places")
        }
    }
}
