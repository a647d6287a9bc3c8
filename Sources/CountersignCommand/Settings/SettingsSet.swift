import Administration
import ArgumentParser
import Postgres

struct SettingsSet: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Change settings, several at once or none.",
        discussion: """
            With signature_required on, devices that were enrolled without a key cannot answer until they \
            enroll again: `countersign enrollment list --status active` shows who has none.

            Examples:
              countersign settings set enrollment_enabled=true
              countersign settings set \\
                mobile_authentication_enabled=false callback_allowlist_enabled=true
            """)
    static let role: GroupRole? = .admin

    @Argument(
        help: ArgumentHelp("What to set: the name of a setting and true or false.", valueName: "name=value"))
    var assignments: [String]

    @OptionGroup var database: DatabaseOptions

    private var wanted: [Settings.Name: Bool] = [:]

    mutating func prepare() throws {
        for assignment in assignments {
            let parts = assignment.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let value = switchPosition(String(parts[1])) else {
                throw Failure(.usage, "'\(assignment)' is not like enrollment_enabled=true")
            }
            let name = try Settings.Name(typed: String(parts[0]))
            guard wanted.updateValue(value, forKey: name) == nil else {
                throw Failure(.usage, "\(name.rawValue) is given twice")
            }
        }
    }

    func run(_ connection: inout Connection) async throws {
        let changed = try await Settings.change(wanted, &connection)
        for name in Settings.Name.allCases {
            guard let value = wanted[name] else { continue }
            write("\(name.rawValue) is \(value)\(changed.contains(name) ? "" : " already")")
        }
    }

    private enum CodingKeys: CodingKey { case assignments, database }
}
