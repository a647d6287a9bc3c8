import ArgumentParser
import Countersign
import Postgres

struct PortalEnable: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "enable",
        abstract: "Let a portal send requests again.",
        discussion: """
            Example:
              countersign portal enable acme
            """)
    static let role: GroupRole? = .admin

    @Argument(help: "The portal's name.")
    var name: String

    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        let isChanged = try await Portal.setEnabled(true, name, &connection)
        write("portal \(name) is enabled\(isChanged ? "" : " already")")
    }
}
