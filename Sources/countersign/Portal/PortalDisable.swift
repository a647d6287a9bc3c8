import ArgumentParser
import Countersign
import Postgres

struct PortalDisable: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "disable",
        abstract: "Refuse a portal's new requests.",
        discussion: """
            Its INSERTs fail with CS008 until it is enabled again. Nothing of it is deleted, and its webhooks wait.

            Example:
              countersign portal disable acme
            """)
    static let role: GroupRole? = .admin

    @Argument(help: "The portal's name.")
    var name: String

    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        let isChanged = try await Portal.setEnabled(false, name, &connection)
        write("portal \(name) is disabled\(isChanged ? "" : " already")")
    }
}
