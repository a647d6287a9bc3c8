import Administration
import ArgumentParser
import Postgres

struct WebhookLimit: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "limit",
        abstract: "Set how hard each receiver of a portal is hit.",
        discussion: """
            Of each worker to each receiver (scheme, host and port). Holds from the next delivery on.

            Examples:
              countersign webhook limit acme --concurrency 4
              countersign webhook limit acme --rate 50
              countersign webhook limit acme --rate none
            """)
    static let role: GroupRole? = .admin

    @Argument(help: "The portal's name.")
    var portal: String

    @Option(help: "Deliveries at a time, 1 to 100; 8 unless it was set.")
    var concurrency: Int?

    @Option(help: "Deliveries a second, 1 to 100000, or none; none unless it was set.")
    var rate: String?

    @OptionGroup var database: DatabaseOptions

    private var perSecond: Int?

    mutating func prepare() throws {
        concurrency = try concurrency ?? Environment.current.value("concurrency")
        rate = rate ?? Environment.current.text("rate")
        guard concurrency != nil || rate != nil else {
            throw Failure(.usage, "give --concurrency, --rate or both")
        }
        if let concurrency, !(1...100).contains(concurrency) {
            throw Failure(.usage, "--concurrency must lie between 1 and 100, not \(concurrency)")
        }
        guard let rate else { return }
        perSecond = rate == "none" ? 0 : Int(rate)
        guard let perSecond, rate == "none" || (1...100_000).contains(perSecond) else {
            throw Failure(.usage, "--rate must lie between 1 and 100000 or be none, not '\(rate)'")
        }
    }

    func run(_ connection: inout Connection) async throws {
        let limits = try await Portal.setWebhookLimits(
            portal, concurrency: concurrency, rate: perSecond, &connection)
        let rate = limits.rate.map { ", at most \($0) a second" } ?? ""
        write(
            "each worker sends portal \(portal)'s receivers \(limits.concurrency) webhooks at a time\(rate)")
    }

    private enum CodingKeys: CodingKey { case portal, concurrency, rate, database }
}
