import Administration
import ArgumentParser
import Postgres

struct WebhookEndpoints: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "endpoints",
        abstract: "List the receivers whose breaker has opened, open ones first.",
        discussion: """
            Nothing is sent to an open one until `open until`; then one delivery is, as a probe, which closes it or \
            opens it for longer.

            Examples:
              countersign webhook endpoints
              countersign webhook endpoints --json
            """)
    static let role: GroupRole? = .monitor

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        let records = try await WebhookEndpoint.list(&connection).map { endpoint -> Record in
            [
                "portal": .text(endpoint.portal), "endpoint": .text(endpoint.origin),
                "state": .text(endpoint.state), "error_class": .text(endpoint.reason),
                "failing_since": .time(endpoint.failingSince), "changed_at": .time(endpoint.changedAt),
                "open_until": .time(endpoint.openUntil),
            ]
        }
        try output.show(records, otherwise: "No breaker has opened yet.")
    }
}
