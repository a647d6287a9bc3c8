import ArgumentParser
import Countersign

@main
struct CountersignCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "countersign",
        abstract: "Signs users in to web portals with a mobile app, through PostgreSQL.",
        discussion: """
            The database comes from --database-url, DATABASE_URL or the PG* variables of libpq. Any other \
            flag --x-y may also be given as COUNTERSIGN_X_Y.

            A first installation, as the owner of an empty database:
              export DATABASE_URL=postgres://owner@localhost/countersign
              export $(countersign key generate)
              countersign migrate up
              countersign portal add acme --role acme
              countersign callback add acme https://acme.example/callback
              countersign app add mobile --role mobile
              countersign type add qr-code --message en="Sign in to Acme"

            Exit codes are those of sysexits: 64 wrong usage, 65 refused input, 69 database unreachable, 70 \
            internal error, 74 output not written, 75 try again, 77 no permission, 78 wrong configuration; `config \
            plan` has 2 for a difference. \
            `countersign manual | man -l -` shows everything.
            """,
        version: Program.version,
        subcommands: [
            MigrateCommand.self, PortalCommand.self, AppCommand.self, TypeCommand.self, SettingsCommand.self,
            CallbackCommand.self, OriginCommand.self, ConfigCommand.self, WebhookCommand.self, Work.self,
            Serve.self, Run.self,
            QR.self,
            StatusCommand.self, ConsoleCommand.self, RequestCommand.self, EnrollmentCommand.self,
            UserCommand.self, EventsCommand.self,
            KeyCommand.self, PhoneCommand.self, DoctorCommand.self, RestoredCommand.self, CellCommand.self,
            StageCommand.self,
            WorkerCommand.self,
            LogLevelCommand.self, OperatorCommand.self, CompletionCommand.self, ManualCommand.self,
        ])

    /// What the parser's own errors begin with.
    static var _errorPrefix: String { "countersign: " }

    static func main() async {
        let streams = StandardStreams()
        defer { withExtendedLifetime(streams) {} }
        do {
            try refuseUnknownTopic(CommandLine.arguments.dropFirst())
            try refuseMistypedCommand(CommandLine.arguments.dropFirst(), of: CountersignCommand.self)
            var command = try await asyncParseAsRoot(nil)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            endProcess(0)
        } catch {
            Interruption.shared.leaveTheEndToSignals()
            // Requests for help, wrong arguments: the parser knows what to print. All the rest is ours.
            if exitCode(for: error) != .failure { exit(withError: error) }
            Failure(error).leave()
        }
    }

    /// `help` of a command that there is not: the parser would help with what comes before it, and say that all went well.
    private static func refuseUnknownTopic(_ arguments: ArraySlice<String>) throws {
        guard arguments.first == "help" else { return }
        var command: any ParsableCommand.Type = CountersignCommand.self
        var typed = "countersign"
        for word in arguments.dropFirst() where !word.hasPrefix("-") {
            typed += " \(word)"
            let known = command.configuration.subcommands
            guard let next = known.first(where: { $0._commandName == word }) else {
                let allowed = known.map { $0._commandName }.joined(separator: ", ")
                let meant = suggestion(for: word, among: known.map { $0._commandName })
                let instead =
                    meant.map { ": did you mean '\($0)'?" }
                    ?? (allowed.isEmpty ? "" : "; there is \(allowed)")
                throw Failure(.usage, "there is no command '\(typed)'\(instead)")
            }
            command = next
        }
    }
}
