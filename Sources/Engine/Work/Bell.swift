import Countersign
package import Postgres

/// One stage's bell, as one session sees it (design section 4, "The bell").
///
/// While a worker sits at it, inserts that find the bell's locks taken NOTIFY; while none does, inserting costs
/// no notification at all. Both steps are meant to be sent together with the look that has to follow them.
package struct Bell: Sendable {
    package enum Seat: Sendable, Equatable {
        /// All sixteen locks are held: every insert from now on rings.
        case taken
        /// An inserter has not committed yet, so some locks are missing: look again soon.
        case partly
        /// Another worker sits there; it is rung for everybody, but only the poll is certain.
        case occupied

        package init(held: Int64) {
            self = held < 0 ? .occupied : held < 16 ? .partly : .taken
        }
    }

    package static let arm = Statement("bell.arm", "SELECT countersign.arm_bell($1)")
    package static let leave = Statement("bell.leave", "SELECT pg_advisory_unlock_all()")
    package static let ring = Statement("bell.ring", "SELECT countersign.ring($1)")

    let stage: StageName

    var sitDown: Step { Step(Self.arm, [.text(stage.rawValue)]) }
    var standUp: Step { Step(Self.leave, []) }
    var ringForOneMore: Step { Step(Self.ring, [.text(stage.rawValue)]) }
}
