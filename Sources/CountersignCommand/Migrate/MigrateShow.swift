import ArgumentParser
import Countersign
import Postgres

struct MigrateShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Print the SQL of an object as this program has it, applied or not.",
        discussion: """
            An object is a function, table, view, type, index, trigger or policy; a column stands for its table, and \
            the name of a file for all that is in it. Without one, lists what can be shown. Needs no database.

            Examples:
              countersign migrate show
              countersign migrate show collect_otp
              countersign migrate show auth_requests.portal_reads
              countersign migrate show grants
            """)

    @Argument(help: "Its name, with or without its schema, arguments or table.")
    var object: String?

    @OptionGroup var output: OutputOptions

    func run() throws {
        let source = SchemaSource(embeddedMigrations)
        guard let object else { return try list(source) }
        let parts = source.find(object)
        guard !parts.isEmpty else {
            let likely = source.suggestions(for: object)
            throw Failure(
                .usage,
                "this program has no object '\(object)'"
                    + (likely.isEmpty ? "" : "; perhaps \(likely.joined(separator: " or "))")
                    + "; `countersign migrate show` lists what it has")
        }
        write(parts.map { "-- migrations/\($0.file)\n\($0.sql)" }.joined(separator: "\n"), terminator: "")
    }

    private func list(_ source: SchemaSource) throws {
        let records = source.parts.map { part -> Record in
            [
                "file": .text(part.file), "kind": .text(part.object.kind.rawValue),
                "name": .text(part.object.name),
            ]
        }
        try output.show(records, otherwise: "There is nothing to show.")
    }
}
