/// One thing that was looked at, and what to do when it is not well.
package struct Finding: Sendable, Hashable {
    package enum Grade: String, Sendable { case ok, warning, error }

    package let check: String
    package let grade: Grade
    /// One sentence: what was found.
    package let finding: String
    /// One sentence; empty when all is well.
    package let advice: String

    package init(_ check: String, _ grade: Grade, _ finding: String, _ advice: String = "") {
        self.check = check
        self.grade = grade
        self.finding = finding
        self.advice = advice
    }
}
