import Countersign
package import Postgres

/// One stage's bell, as one session sees it (design section 4, "The bell").
///
/// While a worker has it armed, inserts that find the bell's locks taken NOTIFY; while none has, inserting costs
/// no notification at all. Both steps are meant to be sent together with the look that has to follow them.
package struct Bell: Sendable {
    package enum Arming: Sendable, Equatable {
        /// All sixteen locks are held: every insert from now on rings.
        case complete
        /// An inserter has not committed yet, so some locks are missing: look again soon.
        case partial
        /// Another worker has armed it and is rung for everybody, but only the poll is certain.
        case byAnother

        package init(held: Int64) {
            self = held < 0 ? .byAnother : held < 16 ? .partial : .complete
        }
    }

    package static let arm = Statement("bell.arm", "SELECT countersign.arm_bell($1)")
    package static let disarm = Statement("bell.leave", "SELECT pg_advisory_unlock_all()")
    package static let ring = Statement("bell.ring", "SELECT countersign.ring($1)")

    let stage: StageName

    var armStep: Step { Step(Self.arm, [.text(stage.rawValue)]) }
    var disarmStep: Step { Step(Self.disarm, []) }
    var ringStep: Step { Step(Self.ring, [.text(stage.rawValue)]) }
}
