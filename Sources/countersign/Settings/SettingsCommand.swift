import ArgumentParser

struct SettingsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "settings",
        abstract: "The switches of the whole installation.",
        discussion: """
            mobile_authentication_enabled   Off: new requests fail with CS001, open ones expire.
            enrollment_enabled              Off: enrolling and new requests fail with CS007.
            unique_pgp_keys_per_enrollment  On: each enrollment gets a server key of its own.
            signature_required              On: submissions must be signed by the enrolled key.
            callback_allowlist_enabled      On: a portal may only name callback addresses of its own.

            Examples:
              countersign settings show
              countersign settings set enrollment_enabled=true
            """,
        subcommands: [SettingsShow.self, SettingsSet.self])
}
