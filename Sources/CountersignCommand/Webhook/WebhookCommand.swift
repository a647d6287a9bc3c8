import ArgumentParser

struct WebhookCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "webhook",
        abstract: "Webhook deliveries: what waits, what was given up, and sending it again.",
        discussion: """
            Examples:
              countersign webhook list --since 1h
              countersign webhook show 0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f
              countersign webhook retry 0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f
              countersign webhook replay --portal acme --since 2h
              countersign webhook endpoints
              countersign webhook limit acme --concurrency 4 --rate 50
            """,
        subcommands: [
            WebhookList.self, WebhookShow.self, WebhookRetry.self, WebhookReplay.self, WebhookEndpoints.self,
            WebhookLimit.self,
        ])
}
