import ArgumentParser

struct MigrateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Bring the database's schema to what this program needs.",
        discussion: """
            Run as the owner of the database, who needs CREATEROLE, over a direct connection (no pooler). To \
            upgrade: migrate, then replace the programs one by one.

            Examples:
              countersign migrate plan | less
              countersign migrate up
              countersign migrate status
              countersign migrate show collect_otp
            """,
        subcommands: [
            MigrateUp.self, MigrateDown.self, MigrateStatus.self, MigrateVerify.self, MigratePlan.self,
            MigrateShow.self,
        ])
}
