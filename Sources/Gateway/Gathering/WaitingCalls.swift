/// Who waits for the next statement, each lane in turn: however many of one portal wait, the next batch has somebody of
/// every other. Decides; `Gathering` acts.
struct WaitingCalls<Entry: Sendable>: Sendable {
    private var lanes: [String: [Entry]] = [:]
    /// Those lanes in the order of their turns.
    private var turns: [String] = []
    /// How many are serving, each with a statement on its way, and how many may.
    private var serving = 0
    private let atOnce: Int

    init(atOnce: Int = 1) { self.atOnce = atOnce }

    var count: Int { lanes.values.reduce(0) { $0 + $1.count } }

    /// True when one more may serve: then whoever adds has to see to it.
    mutating func add(_ entry: Entry, lane: String) -> Bool {
        if lanes[lane] == nil { turns.append(lane) }
        lanes[lane, default: []].append(entry)
        guard serving < atOnce else { return false }
        serving += 1
        return true
    }

    /// The next batch, of `most` at most. An empty one ends the serving.
    mutating func next(_ most: Int) -> [Entry] {
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
        if batch.isEmpty { serving -= 1 }
        return batch
    }
}
