package import Postgres

/// When a session forgets its plans. A plan made while a table was almost empty may walk all of it, which is
/// cheap then, and would go on to do so while the table grows: validating fell from 1,400 to 600 rows/s within
/// seconds of a new installation, until autovacuum had looked. So plans are made anew after 1 s, 2 s, 4 s, and
/// once a minute at last; making one takes some 4 ms.
package struct Replanning: Sendable {
    private var interval = Duration.seconds(1)
    private var next = ContinuousClock.now + .seconds(1)

    package init() {}

    /// The step to send before the next statement, if it is time.
    package mutating func steps() -> [Step] {
        guard next <= .now else { return [] }
        interval = min(interval * 2, .seconds(60))
        next = .now + interval
        return [Step(DiscardPlans())]
    }
}

struct DiscardPlans: PreparedStatement {
    static let statement = Statement("plans.discard", "DISCARD PLANS")
}
