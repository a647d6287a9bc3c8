import Administration
import ArgumentParser

struct PortalCredentials: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "credentials",
        abstract: "Client ids and secrets with which portals speak HTTP.",
        discussion: """
            To change a secret without an interruption, add a second client id, give it to the portal, and remove \
            the first. A change counts within 5 seconds.

            Examples:
              countersign portal credentials acme
              countersign portal credentials add acme --client-id acme-web
              countersign portal credentials list acme
              countersign portal credentials rotate acme acme-web
              countersign portal credentials remove acme acme-web
            """,
        subcommands: [
            CredentialsAdd.self, CredentialsList.self, CredentialsRotate.self, CredentialsRemove.self,
        ],
        defaultSubcommand: CredentialsAdd.self)
}

extension NewPortalCredential {
    /// What is shown once.
    func show(_ output: OutputOptions, _ title: String) throws {
        if try output.wantsJSON {
            try output.show(["client_id": .text(clientID), "client_secret": .text(secret)])
        } else {
            let lines: Record = ["client id": .text(clientID), "client secret": .text(secret)]
            write("\(title)\n\(TextTable.details(lines, indent: "  "))\nThe secret is shown only now.")
        }
    }
}
