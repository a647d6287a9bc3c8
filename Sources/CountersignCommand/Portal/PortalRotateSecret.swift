import Administration
import ArgumentParser
import Countersign
import Postgres

struct PortalRotateSecret: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate-secret",
        abstract: "Give a portal a new secret for its webhooks.",
        discussion: """
            Prints the new secret, this once. Until the overlap is over, webhooks carry the signatures of both; \
            after that the old one signs nothing. Within an overlap another is refused, but for --overlap 0s, which \
            ends both old ones. \
            COUNTERSIGN_MASTER_KEY must be set.

            Examples:
              countersign portal rotate-secret acme
              countersign portal rotate-secret acme --overlap 0s     # the old one has leaked
            """)
    static let role: GroupRole? = .admin

    @Argument(help: "The portal's name.")
    var name: String

    @Option(help: "How long both sign: a number and s, m, h or d, at most 30d. (default: 24h)")
    var overlap: String?

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    private var both = Duration.seconds(86_400)

    mutating func prepare() throws {
        guard let text = overlap ?? Environment.current.text("overlap") else { return }
        guard let duration = readDuration(text), duration <= .seconds(30 * 86_400) else {
            throw Failure(.usage, "--overlap must be a number and s, m, h or d, at most 30d, not '\(text)'")
        }
        both = duration
    }

    func run(_ connection: inout Connection) async throws {
        let sealer = Sealer(try Environment.current.masterKeys())
        let rotated = try await Portal.rotateSecret(name, overlap: both, sealer, &connection)
        let record: Record = [
            "name": .text(name), "signing_secret": .text(rotated.signingSecret),
            "previous_until": .time(rotated.previousUntil),
        ]
        try output.show(record)
        if try !output.wantsJSON { write("The signing secret is shown only now.") }
    }

    private enum CodingKeys: CodingKey { case name, overlap, output, database }
}
