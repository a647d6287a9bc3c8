import ArgumentParser

struct AppCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "app",
        abstract: "Mobile apps, by their back ends.",
        discussion: """
            Examples:
              countersign app add mobile --role mobile
              countersign app list
              countersign app disable mobile
            """,
        subcommands: [AppAdd.self, AppList.self, AppEnable.self, AppDisable.self])
}
