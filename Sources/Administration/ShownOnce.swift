/// What is shown this once, because nobody keeps it but whom it is for. Whoever loses it has it made anew.
package struct ShownOnce: Sendable {
    /// What has been done.
    package let sentence: String
    package let facts: [(name: String, value: String)]
    package let remark: String

    package init(_ sentence: String, _ facts: [(name: String, value: String)], _ remark: String) {
        (self.sentence, self.facts, self.remark) = (sentence, facts, remark)
    }
}

extension ShownOnce: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { sentence }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
