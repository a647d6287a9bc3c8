/// One thing that was looked at, and what to do when it is not well.
package struct Finding: Sendable, Hashable {
    package enum Grade: String, Sendable { case ok, warning, error }

    package let check: String
    package let grade: Grade
    /// One sentence: what was found.
    package let finding: String
    /// One sentence; empty when all is well.
    package let advice: String
    /// What mends it; nil where no words can.
    package let remedy: Remedy?

    package init(
        _ check: String, _ grade: Grade, _ finding: String, _ advice: String = "", _ remedy: Remedy? = nil
    ) {
        self.check = check
        self.grade = grade
        self.finding = finding
        self.advice = advice
        self.remedy = remedy
    }
}

/// SQL or commands that mend what was found, to be pasted as they are.
package struct Remedy: Sendable, Hashable {
    /// Who may run it.
    package enum Hands: String, Sendable {
        case owner, superuser, shell

        package var phrase: String {
            switch self {
            case .owner: "As the owner"
            case .superuser: "As a superuser"
            case .shell: "In a shell"
            }
        }
    }

    /// Each text is run by itself, with all statements in it: some cannot be part of a transaction.
    package let statements: [String]
    package let hands: Hands
    /// Whether it only brings back what the migrations or `portal add` have made: nothing is lost by it, and nobody
    /// can have meant what it undoes.
    package let isSafe: Bool

    package init(_ statements: [String], by hands: Hands = .owner, isSafe: Bool = false) {
        (self.statements, self.hands, self.isSafe) = (statements, hands, isSafe)
    }

    package var text: String { statements.joined(separator: "\n") }
}
