/// Who waits for the next statement, each lane in turn: however many of one portal wait, the next batch has somebody of
/// every other. Decides; `Gathering` acts.
struct WaitingCalls<Entry: Sendable>: Sendable {
    private var lanes: [String: [Entry]] = [:]
    /// Those lanes in the order of their turns.
    private var turns: [String] = []
    /// How many are serving, each with a statement on its way or about to take those who wait, and how many may.
    private var serving = 0
    private let atOnce: Int
    /// Whether one of them is about to take who waits. Then nobody else begins to.
    private var isTaking = false

    init(atOnce: Int = 1) { self.atOnce = atOnce }

    var count: Int { lanes.values.reduce(0) { $0 + $1.count } }

    /// True when one more is to serve: then whoever adds has to see to it.
    mutating func add(_ entry: Entry, lane: String) -> Bool {
        if lanes[lane] == nil { turns.append(lane) }
        lanes[lane, default: []].append(entry)
        return begin()
    }

    /// Whether one more is to serve, and does from now on.
    private mutating func begin() -> Bool {
        guard !lanes.isEmpty, !isTaking, serving < atOnce else { return false }
        serving += 1
        isTaking = true
        return true
    }

    /// One has had its answer: whether it is to serve again.
    mutating func goesOn() -> Bool {
        serving -= 1
        return begin()
    }

    /// The next batch, of `most` at most, and whether one more is to serve, for those whom it leaves.
    mutating func next(_ most: Int) -> (batch: [Entry], begins: Bool) {
        var batch: [Entry] = []
        while batch.count < most, !turns.isEmpty {
            // Whoever has been served goes to the end.
            for lane in turns.prefix(most - batch.count) {
                turns.removeFirst()
                guard let entry = lanes[lane]?.removeFirst() else { continue }
                batch.append(entry)
                if lanes[lane]?.isEmpty == true { lanes[lane] = nil } else { turns.append(lane) }
            }
        }
        isTaking = false
        return (batch, begin())
    }
}
