package import Postgres

/// Something that needs an operator: what it is, how large, since when, and the one thing to do about it.
package struct Concern: Sendable {
    package enum Weight: Int, Sendable, Comparable {
        /// Not well, and nothing stands still for it.
        case note
        case attention, down

        package static func < (left: Weight, right: Weight) -> Bool { left.rawValue < right.rawValue }
    }

    /// Where an operator goes on.
    package enum Remedy: Sendable {
        /// A page of the console, with what stands behind its question mark.
        case page(String)
        /// The one button of that action beside that.
        case action(any OperatorAction.Type, ActionSubject)
        /// To be pasted, by whom.
        case paste(String, by: String)
        case none
    }

    package let weight: Weight
    /// `Paused stage`.
    package let what: String
    /// Which one.
    package let whom: String
    package let size: String
    package let since: Timestamp?
    /// Who did it.
    package let by: String?
    /// Of what it is about, on a page of the console.
    package let place: String?
    /// A sentence: what follows from it, or what to do.
    package let advice: String
    package let remedy: Remedy

    package init(
        _ what: String, _ whom: String, _ weight: Weight = .attention, size: String = "",
        since: Timestamp? = nil, by: String? = nil, place: String? = nil, advice: String = "",
        remedy: Remedy = .none
    ) {
        (self.weight, self.what, self.whom, self.size) = (weight, what, whom, size)
        (self.since, self.by, self.place) = (since, by, place)
        (self.advice, self.remedy) = (advice, remedy)
    }
}

extension Concern {
    /// The heaviest first, and of those that weigh as much the one that came last.
    package static func ordered(_ concerns: [Concern]) -> [Concern] {
        concerns.enumerated().sorted { left, right in
            left.element.weight == right.element.weight
                ? left.offset < right.offset : left.element.weight > right.element.weight
        }.map(\.element)
    }
}
