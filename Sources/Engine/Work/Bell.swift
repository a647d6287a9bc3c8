package import Countersign
package import Postgres

/// One stage's bell, as one session sees it.
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

    let stage: StageName

    var armStep: Step { Step(ArmBell(stage: stage)) }
    var disarmStep: Step { Step(DisarmBell()) }
    var ringStep: Step { Step(RingBell(stage: stage)) }
}

/// How long to sleep at most at a bell of which somebody else holds some locks. Whoever holds one, and idles, keeps others
/// from ringing, so that they wait for the next look.
package struct PartlyArmed: Sendable {
    private static let shortest = Duration.milliseconds(20)
    private static let longest = Duration.milliseconds(50)
    private var next = shortest

    package init() {}

    /// Nil where a ring, or the poll, is as good as it gets.
    package mutating func limit(_ arming: Bell.Arming) -> Duration? {
        guard arming == .partial else {
            next = Self.shortest
            return nil
        }
        defer { next = min(next * 2, Self.longest) }
        return next
    }
}

/// Takes what it can of the bell's locks.
package struct ArmBell: PreparedStatement {
    let stage: StageName

    package init(stage: StageName) { self.stage = stage }

    package static let statement = Statement("bell.arm", "SELECT countersign.arm_bell($1)")
    package var parameters: [Parameter] { [.text(stage.rawValue)] }

    package static func decode(_ row: inout RowReader) throws -> Bell.Arming {
        Bell.Arming(held: Int64(try row.int("arm_bell")))
    }
}

/// Lets go of all the bell's locks.
package struct DisarmBell: PreparedStatement {
    package init() {}

    package static let statement = Statement("bell.leave", "SELECT pg_advisory_unlock_all()")
}

/// Rings for one more worker of the stage.
package struct RingBell: PreparedStatement {
    let stage: StageName

    package init(stage: StageName) { self.stage = stage }

    package static let statement = Statement("bell.ring", "SELECT countersign.ring($1)")
    package var parameters: [Parameter] { [.text(stage.rawValue)] }
}
