/// One kind of work a worker does. The raw value is what `--stages` takes, the name of the
/// stage's bell channel (`countersign_<stage>`) and the label of its figures.
package enum StageName: String, CaseIterable, Sendable, Hashable {
    case enroll, issue, validate, expire, dispatch, housekeep

    /// The channel on which an insert rings while a worker sleeps. It carries nothing.
    package var channel: String { "countersign_\(rawValue)" }

    /// Reads `issue,validate`. Unknown and repeated names are refused with the list of what is allowed.
    package static func list(_ text: String) throws(InvalidStages) -> Set<StageName> {
        var stages: Set<StageName> = []
        for word in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let stage = StageName(rawValue: String(word)), stages.insert(stage).inserted else {
                throw InvalidStages(word: String(word))
            }
        }
        return stages
    }
}

/// A word given to `--stages` that is no stage, or is one for the second time.
package struct InvalidStages: Error, CustomStringConvertible {
    package let word: String

    package var description: String {
        let allowed = StageName.allCases.map(\.rawValue).joined(separator: ", ")
        return "--stages: '\(word)' is unknown or given twice; allowed, separated by commas: \(allowed)"
    }
}
