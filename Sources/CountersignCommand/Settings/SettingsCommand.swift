import ArgumentParser

struct SettingsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "settings",
        abstract: "The switches of the whole installation.",
        discussion: """
            mobile_authentication_enabled   off: requests fail with CS001, open ones end
            enrollment_enabled              off: enrollments and requests fail with CS007
            unique_pgp_keys_per_enrollment  on: each enrollment has its own server key
            signature_required              on: submissions must be signed
            callback_allowlist_enabled      on: only a portal's own addresses

            Examples:
              countersign settings show
              countersign settings set enrollment_enabled=true
            """,
        subcommands: [SettingsShow.self, SettingsSet.self])
}
