/// Who may look up a name now, and who waits. Decides; knows no clock and no I/O.
///
/// An owner has at most `ofOne` places, and at most half of what the others leave, so that there always is a free
/// place for one more owner, however many names of somebody's are answered by nobody.
struct LookupPlaces<Waiting> {
    let total: Int
    let ofOne: Int
    private var used = 0
    private var owners: [Int32: Int] = [:]
    private var line: [(owner: Int32, waiting: Waiting)] = []

    init(total: Int, ofOne: Int) { (self.total, self.ofOne) = (total, ofOne) }

    mutating func ask(_ waiting: Waiting, for owner: Int32) { line.append((owner, waiting)) }

    /// Those who may begin, the longest waiting first; each gives its place back by `leave`.
    mutating func admit() -> [Waiting] {
        var admitted: [Waiting] = []
        var left: [(owner: Int32, waiting: Waiting)] = []
        for entry in line {
            let own = owners[entry.owner] ?? 0
            guard own < share(own) else {
                left.append(entry)
                continue
            }
            owners[entry.owner] = own + 1
            used += 1
            admitted.append(entry.waiting)
        }
        line = left
        return admitted
    }

    /// Of an owner that has `own` places already.
    private func share(_ own: Int) -> Int {
        let free = total - used
        return free == 0 ? 0 : max(min((free + own) / 2, ofOne), own == 0 ? 1 : 0)
    }

    mutating func leave(_ owner: Int32) {
        used -= 1
        let left = (owners[owner] ?? 1) - 1
        owners[owner] = left > 0 ? left : nil
    }

    /// Takes out those that wait for nothing any more.
    mutating func remove(where isOver: (Waiting) -> Bool) -> [Waiting] {
        var removed: [Waiting] = []
        line.removeAll { entry in
            guard isOver(entry.waiting) else { return false }
            removed.append(entry.waiting)
            return true
        }
        return removed
    }

    /// What waits, in order.
    var waiting: [Waiting] { line.map(\.waiting) }
}
