package import Countersign
package import Postgres

/// Something on a page of the console that buttons may be about.
package enum ActionSubject: Sendable {
    case stage(StageControl)
    case worker(SystemStatus.LiveWorker)
    case portal(Portal)
    case app(App)
    case setting(Settings.Name, isOn: Bool)
    case account(ConsoleAccount)
    case type(AuthenticationType)
    case callback(Callback)
    case origin(BrowserOrigin)
    /// Of that request.
    case delivery(Identifier, isDead: Bool)
    /// Those that a page lists.
    case listedDeliveries([Identifier])
    // Listings as a whole, with the portals that may be chosen.
    case types, enrollments, logLevels, sharedKey, operators
    case enrollment(Enrollment)
    case user(app: String, user: String)
    case callbacks(portals: [String])
    case origins(portals: [String])
    case deliveries(portals: [String])
    /// Those of a receiver that have died since then.
    case deadDeliveries(portal: String, receiver: String, count: Int, since: Timestamp)
}

/// A button of the console with the fields that belong to it.
package struct ActionButton: Sendable {
    package struct Field: Sendable {
        package enum Kind: Sendable { case line, lines, choice([String]), password }

        /// Of the action's input.
        package let name: String
        package let caption: String
        package var value = ""
        /// Shown while it is empty.
        package var hint = ""
        package var kind = Kind.line
        package var size = 12

        /// Of the operator who presses the button: somebody may have left a browser open.
        static let password = Field(
            name: "password", caption: "Your password", kind: .password, size: 16)
    }

    /// What stands on it.
    package let label: String
    /// What it is about, so that buttons that read alike can be told apart by ear: `stage issue`.
    package let object: String
    /// What it says by itself.
    package let words: [(name: String, word: String)]
    /// What is typed.
    package var fields: [Field] = []
    /// What it takes with it: then it asks first.
    package var warning: String?
    /// What stands there until its fields are asked for; nil where they are always seen.
    package var title: String?

    init(
        _ label: String, _ object: String, _ words: KeyValuePairs<String, String> = [:],
        fields: [Field] = [], warning: String? = nil, title: String? = nil
    ) {
        (self.label, self.object, self.fields, self.warning) = (label, object, fields, warning)
        self.title = title
        self.words = words.map { ($0.key, $0.value) }
    }
}
