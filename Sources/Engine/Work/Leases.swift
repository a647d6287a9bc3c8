import Postgres

/// The rows that a stage has leased and not yet dealt with.
struct Leases: Sendable {
    private let claim: Claim
    private(set) var held: [Identifier: Int32] = [:]
    /// When rows that are passed over may be taken again.
    private var pauses: [ContinuousClock.Instant] = []

    init(_ claim: Claim) { self.claim = claim }

    var keys: [Identifier] { held.keys.sorted() }

    mutating func take(_ rows: [(key: Identifier, lane: Int32)]) {
        held = Dictionary(rows.map { ($0.key, $0.lane) }) { first, _ in first }
    }

    /// From what a claim has returned, whose rows begin with the key and the lane: a row that cannot be read is leased, too.
    mutating func take<S: PreparedStatement>(_ claimed: StatementResult<S>) throws {
        take(try claimed.beginnings { (try $0.identifier("key"), Int32(try $0.int("lane"))) })
    }

    mutating func keep(only keys: [Identifier]) {
        let kept = Set(keys)
        held = held.filter { kept.contains($0.key) }
    }

    /// Some rows are passed over for so long from now on.
    mutating func note(_ pauses: some Collection<Duration>) {
        let now = ContinuousClock.now
        self.pauses.removeAll { $0 <= now }
        // Those between come with the last.
        for pause in Set([pauses.min(), pauses.max()].compactMap(\.self)) { self.pauses.append(now + pause) }
    }

    /// How long until some may be taken again; nil when there are none, or they may be.
    var due: Duration? {
        let now = ContinuousClock.now
        return pauses.filter { $0 > now }.min().map { now.duration(to: $0) }
    }

    /// Gives all back, as the rest of a batch that failed: steps to send before the next one.
    mutating func releaseAll() -> [Step] {
        defer { held = [:] }
        return release(keys, [:])
    }

    /// Gives some back, those that have a pause to be passed over for so long still.
    func release(_ keys: some Sequence<Identifier>, _ pauses: [Identifier: Duration]) -> [Step] {
        let ours = keys.filter { held[$0] != nil }.sorted()
        guard !ours.isEmpty else { return [] }
        let rows = ours.map { (lane: held[$0] ?? 0, key: $0, pause: pauses[$0] ?? .zero) }
        return [Step(ReleaseLeases(claim: claim, rows: rows))]
    }
}

/// A row that was leased again and again by workers that did not come to its end.
struct UnendedLeases: Error, CustomStringConvertible {
    static let allowed = 8

    let count: Int

    var description: String { "\(count) workers have taken this row and have not come to its end" }
}
