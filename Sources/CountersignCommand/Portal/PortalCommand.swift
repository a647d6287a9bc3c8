import ArgumentParser

struct PortalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "portal",
        abstract: "Web sites that want visitors signed in.",
        discussion: """
            Examples:
              countersign portal add acme --role acme --display-name "Acme Bank"
              countersign portal list
              countersign portal disable acme
              countersign portal rotate-secret acme --overlap 24h
            """,
        subcommands: [
            PortalAdd.self, PortalList.self, PortalEnable.self, PortalDisable.self, PortalPause.self,
            PortalResume.self, PortalLimit.self, PortalCredentials.self, PortalRotateSecret.self,
            PortalSigningKey.self,
        ])
}
