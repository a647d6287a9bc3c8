import Administration
import ArgumentParser
import Postgres

struct RequestShow: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show the whole life of a request.",
        discussion: """
            Its times and states, the submissions for it with their results, the deliveries of its callback. \
            No code and no secret; who signed in only for members of countersign_admin. It takes no locks.

            Examples:
              countersign request show 0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f
              countersign request show 0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f --json
            """)
    static let role: GroupRole? = .monitor

    @Argument(help: "The request's transaction_id.")
    var transactionID: Identifier

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        guard let life = try await RequestLife.read(transactionID, &connection) else {
            throw Failure(
                .data,
                "there is no request \(transactionID); requests are kept for 30 days, and `SELECT "
                    + "transaction_id FROM countersign.auth_requests` lists them")
        }
        if try output.wantsJSON {
            try output.show(life.record)
        } else {
            write(life.text)
        }
    }
}

extension Identifier: ExpressibleByArgument {
    package init?(argument: String) { self.init(argument) }
}
