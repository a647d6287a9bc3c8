package import Postgres

/// `countersign settings set`.
package struct ChangeSettings: OperatorAction {
    package static let command = "settings set"
    package static let abstract = "Change settings, several at once or none."
    package static let discussion = """
        With signature_required on, devices that were enrolled without a key cannot answer until they \
        enroll again: `countersign enrollment list --status active` shows who has none.

        Examples:
          countersign settings set enrollment_enabled=true
          countersign settings set \\
            mobile_authentication_enabled=false callback_allowlist_enabled=true
        """
    package static let inputs = [
        ActionInput(
            "setting", .arguments, help: "What to set: the name of a setting and true or false.",
            placeholder: "name=value")
    ]
    package static let event = "settings.changed"
    package static let statements = [changing]

    private let wanted: [Settings.Name: Bool]

    package init(_ words: ActionWords) throws {
        var wanted: [Settings.Name: Bool] = [:]
        for word in words.all("setting") {
            guard let (typed, position) = ActionWords.assignment(word), let value = switchPosition(position)
            else { throw UnreadableInput("'\(word)' is not like enrollment_enabled=true") }
            let name = try Settings.Name(typed: typed)
            guard wanted.updateValue(value, forKey: name) == nil else {
                throw UnreadableInput("\(name.rawValue) is given twice")
            }
        }
        self.wanted = wanted
    }

    package static func button(on subject: ActionSubject) -> ActionButton? {
        guard case .setting(let name, let isOn) = subject else { return nil }
        return ActionButton(
            isOn ? "Switch off" : "Switch on", name.rawValue, ["setting": "\(name.rawValue)=\(!isOn)"],
            fields: isOn && name.protects ? [.password] : [], warning: isOn ? name.withoutIt : nil)
    }

    package var needsPassword: Bool { wanted.contains { $0.key.protects && !$0.value } }

    package func run(_ connection: inout Connection) async throws -> String {
        let document = wanted.map { "\"\($0.key.rawValue)\": \($0.value)" }.joined(separator: ", ")
        let rows = try await connection.run(Self.changing, [.text("{\(document)}")])
        let changed = try rows.first?.texts(0) ?? []
        return Settings.Name.allCases.compactMap { name in
            wanted[name].map {
                sentence("\(name.rawValue) is \($0)", isChanged: changed.contains(name.rawValue))
            }
        }.joined(separator: "\n")
    }

    /// $1 what is wanted, as an object. A row with the names of what has changed, if anything has.
    private static let changing = Statement(
        "action.change_settings",
        """
        WITH old AS MATERIALIZED (
            SELECT to_jsonb(s) AS document FROM countersign.settings s FOR UPDATE
        )
        UPDATE countersign.settings s
        SET \(Settings.Name.allCases.map { assignment($0.rawValue) }.joined(separator: ", ")),
            updated_at = clock_timestamp()
        FROM old WHERE NOT old.document @> $1::jsonb
        RETURNING array(SELECT wanted.key FROM jsonb_each($1::jsonb) AS wanted
                        WHERE old.document -> wanted.key <> wanted.value)
        """)

    private static func assignment(_ column: String) -> String {
        "\(column) = coalesce(($1::jsonb ->> '\(column)')::boolean, s.\(column))"
    }
}
