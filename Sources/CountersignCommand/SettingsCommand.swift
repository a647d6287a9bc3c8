import Administration
import ArgumentParser
import Postgres

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
            resume_after_restore            on: work goes on by itself after a restore
            evidence_kept_after_erasure     on: what an erased user signed stays

            Examples:
              countersign settings show
              countersign settings set enrollment_enabled=true
            """,
        subcommands: [SettingsShow.self] + actionCommands("settings"))
}

struct SettingsShow: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show the settings.",
        discussion: """
            Examples:
              countersign settings show
              countersign settings show --json
            """)
    static let role: GroupRole? = .monitor

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        let settings = try await Settings.read(&connection)
        var record: Record = [:]
        for name in Settings.Name.allCases { record.append(name.rawValue, .flag(settings.values[name])) }
        record.append("updated_at", .time(settings.updatedAt))
        if try output.wantsJSON {
            try output.show(record)
        } else {
            // Under the names that `settings set` takes.
            let width = record.entries.map(\.name.count).max() ?? 0
            for entry in record.entries {
                let value =
                    if case .flag(let isOn) = entry.field { "\(isOn ?? false)" } else { entry.field.text }
                write(entry.name + String(repeating: " ", count: width - entry.name.count + 2) + value)
            }
        }
    }
}
