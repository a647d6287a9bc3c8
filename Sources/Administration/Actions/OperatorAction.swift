package import Postgres

/// Something that an operator does to a running installation: what it takes, its SQL, and the event that it leaves.
///
/// Its command and its button are made from what it says of itself here, so neither can do what the other cannot. A new
/// one is a type and a line in `operatorActions`.
package protocol OperatorAction: Sendable {
    /// How its command is typed, as `portal pause`.
    static var command: String { get }
    static var abstract: String { get }
    /// What an operator should know before, and an example, which the help ends with.
    static var discussion: String { get }
    static var inputs: [ActionInput] { get }
    /// Its command takes what a form does not, and is written by hand.
    static var hasOwnCommand: Bool { get }
    /// What it answers is shown this once, and stands in no address: then it is a `SecretAction`.
    static var answersSecret: Bool { get }
    /// Its command asks before it does what `warning` says, unless it is told not to; its button has a warning.
    static var asks: Bool { get }
    /// The type of the audit event that it leaves when it has changed something.
    static var event: String { get }
    /// A test prepares each.
    static var statements: [any StatementFamily.Type] { get }

    /// Who may do it in the console. For a command the groups of the database say it.
    static var role: ConsoleRole { get }

    /// Its button beside that thing; nil where there is none to press.
    static func button(on subject: ActionSubject) -> ActionButton?

    /// Throws `UnreadableInput` or `AdministrationError` for words that make no sense.
    init(_ words: ActionWords) throws

    /// Whether the console asks for the operator's password again, as somebody may have left a browser open. It does for what
    /// gives others a power that they had not, takes a protection away, or cannot be undone.
    var needsPassword: Bool { get }

    /// What would go, for a command that asks. Refuses what `run` would.
    func warning(_ connection: inout Connection) async throws -> String

    /// Whether it is done in portions, each of which counts: then it is in the journal before the first, as one that is
    /// interrupted, or finds its disk full, has done most of it already.
    static var isInPortions: Bool { get }

    /// What a journal keeps of it once done: its line, or one that tells less.
    func journalLine(_ line: String, _ connection: inout Connection) async throws -> String

    /// Does it. Returns how things are now, a sentence a line. Every worker obeys within two seconds.
    func run(_ connection: inout Connection) async throws -> String
}

extension OperatorAction {
    package static var hasOwnCommand: Bool { false }
    package static var answersSecret: Bool { false }
    package static var asks: Bool { false }
    package static var isInPortions: Bool { false }
    package static var role: ConsoleRole { .admin }
    package var needsPassword: Bool { false }

    package func warning(_ connection: inout Connection) async throws -> String { "" }
    package func journalLine(_ line: String, _ connection: inout Connection) async throws -> String { line }

    /// As its command is typed with those words, without `countersign`: what a journal keeps.
    package static func line(_ words: ActionWords) -> String {
        inputs.reduce(command) { line, input in
            let option = input.kind == .argument || input.kind == .arguments ? "" : "--\(input.name) "
            return words.all(input.name).reduce(line) { "\($0) \(option)\(quotedWord($1))" }
        }
    }

    /// How forms name it, as `portal-pause`.
    package static var name: String { command.replacing(" ", with: "-") }
}

/// All there are, in the order in which help and pages show them.
package let operatorActions: [any OperatorAction.Type] = [
    PauseStage.self, ResumeStage.self, SetBatchSize.self, DrainWorker.self,
    PausePortal.self, ResumePortal.self, EnablePortal.self, DisablePortal.self, LimitPortal.self,
    LimitApp.self, SetPortal.self, RenewPortalPassword.self, RemovePortal.self,
    EnableApp.self, DisableApp.self, RenewAppPassword.self, RemoveApp.self, RevokeEnrollment.self,
    UnlockEnrollment.self, ReleaseEnrollment.self, EraseUser.self,
    RotateSharedKey.self, AddType.self, SetType.self, RemoveType.self, AddCallback.self, RemoveCallback.self,
    AddOrigin.self, RemoveOrigin.self,
    RetryWebhooks.self, ReplayWebhooks.self,
    ChangeSettings.self, SetLogLevels.self, AddOperator.self, SetOperator.self,
    RenewOperatorPassword.self, RemoveOperator.self,
    RemoveSecondFactor.self,
]

/// `portal is paused`, or `portal is paused already`.
func sentence(_ state: String, isChanged: Bool) -> String { state + (isChanged ? "" : " already") }

/// A command as it is typed, without `countersign`: what a journal keeps of it. Options without a value are left out.
package func typed(
    _ command: String, _ arguments: [String] = [], _ options: KeyValuePairs<String, String?> = [:]
) -> String {
    let given = options.flatMap { name, value in value.map { ["--\(name)", $0] } ?? [] }
    return ([command] + (arguments + given).map(quotedWord)).joined(separator: " ")
}

/// As a shell wants it.
package func quotedWord(_ word: String) -> String {
    let isPlain = word.unicodeScalars.allSatisfy {
        ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0)
            || "-_=./:@,".unicodeScalars.contains($0)
    }
    return isPlain && !word.isEmpty ? word : "'" + word.replacing("'", with: "'\\''") + "'"
}
