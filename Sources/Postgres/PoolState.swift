/// Who holds which place of a pool, and who waits for one. Decides; `Pool` acts.
///
/// Each party, such as one portal, has a lane. It never has more than half of the places, and the last quarter is for
/// those who have none: so nobody, and no few together, keep the others out. A free place goes to who has fewest, and
/// of those to who was served, or has come, longest ago. The party without a name is the server itself and has no share.
struct PoolState: Sendable {
    enum Grant: Sendable {
        case idle(PooledConnection)
        /// A place in which a connection is to be opened.
        case empty
    }

    /// Under which somebody waits.
    struct Ticket: Sendable {
        let party: String
        fileprivate let number: Int
    }

    enum Answer {
        case granted(Grant)
        /// Also who gives up instead, as too many wait.
        case waits(Ticket, instead: Resumption?)
    }

    typealias Continuation = CheckedContinuation<Grant, any Error>

    /// A task to be resumed once the lock is released.
    struct Resumption: Sendable {
        let continuation: Continuation
        let result: Result<Grant, any Error>

        func resume() { continuation.resume(with: result) }
    }

    private struct Waiter: Sendable {
        let number: Int
        /// Nil until its task has come to wait.
        var continuation: Continuation?
        /// What it was given, or why it gave up, before it had come to wait.
        var result: Result<Grant, any Error>?
    }

    private struct Lane: Sendable {
        var held = 0
        /// When it was served last, counted in grants; before that just before whoever was served last when it came.
        var served: Int
        var waiters: [Waiter] = []

        var waiting: Int { waiters.count { $0.result == nil } }
        var first: Waiter? { waiters.first { $0.result == nil } }
        var isUnused: Bool { held == 0 && waiters.isEmpty }
    }

    private let size: Int
    private let maxWaiting: Int
    private var lent = 0
    private var idle: [PooledConnection] = []
    private var lanes: [String: Lane] = [:]
    private var waiting = 0
    private var lastNumber = 0
    private var grants = 0
    private var isClosed = false

    init(size: Int, maxWaiting: Int) {
        (self.size, self.maxWaiting) = (size, maxWaiting)
    }

    mutating func ask(_ party: String) throws(PoolExhausted) -> Answer {
        let lane = lanes[party] ?? Lane(served: grants - 1)
        if mayHave(party, lane) { return .granted(grant(party)) }
        let evicted = waiting < maxWaiting ? nil : try evict(for: lane)
        lastNumber += 1
        waiting += 1
        lanes[party, default: lane].waiters.append(Waiter(number: lastNumber))
        return .waits(Ticket(party: party, number: lastNumber), instead: evicted)
    }

    mutating func wait(_ ticket: Ticket, _ continuation: Continuation) -> Resumption? {
        guard let place = place(of: ticket) else { return nil }
        guard let result = lanes[ticket.party]?.waiters[place].result else {
            lanes[ticket.party]?.waiters[place].continuation = continuation
            return nil
        }
        lanes[ticket.party]?.waiters.remove(at: place)
        forget(ticket.party)
        return Resumption(continuation: continuation, result: result)
    }

    /// A place is free again, with a connection in it or without.
    mutating func release(_ party: String, _ connection: PooledConnection?) -> Resumption? {
        lanes[party]?.held -= 1
        lent -= 1
        if let connection, !isClosed { idle.append(connection) }
        defer { forget(party) }
        guard let next = next() else { return nil }
        return settle(next, .success(grant(next.party)))
    }

    mutating func giveUp(_ ticket: Ticket, _ error: any Error) -> Resumption? {
        settle(ticket, .failure(error))
    }

    mutating func close() { isClosed = true }

    /// What lies idle is the caller's, to be closed.
    mutating func takeIdle() -> [PooledConnection] {
        defer { idle = [] }
        return idle
    }
}

extension PoolState {
    private var share: Int { max(1, size / 2) }

    private func mayHave(_ party: String, _ lane: Lane) -> Bool {
        let free = size - lent
        return party.isEmpty || lane.held == 0 ? free > 0 : lane.held < share && free > size / 4
    }

    /// Whose turn it is.
    private func next() -> Ticket? {
        lanes.compactMap { party, lane -> (lane: Lane, ticket: Ticket)? in
            guard let first = lane.first, mayHave(party, lane) else { return nil }
            return (lane: lane, ticket: Ticket(party: party, number: first.number))
        }.min { one, other in
            (one.lane.held, one.lane.served, one.ticket.number)
                < (other.lane.held, other.lane.served, other.ticket.number)
        }?.ticket
    }

    private mutating func grant(_ party: String) -> Grant {
        grants += 1
        lent += 1
        lanes[party, default: Lane(served: grants)].held += 1
        lanes[party]?.served = grants
        return idle.popLast().map { .idle($0) } ?? .empty
    }

    /// Where more than that lane wait already, the last of the longest lane makes room.
    private mutating func evict(for lane: Lane) throws(PoolExhausted) -> Resumption? {
        let longest = lanes.max { $0.value.waiting < $1.value.waiting }
        guard let longest, longest.value.waiting > lane.waiting + 1,
            let last = longest.value.waiters.last(where: { $0.result == nil })
        else { throw PoolExhausted() }
        return settle(Ticket(party: longest.key, number: last.number), .failure(PoolExhausted()))
    }

    private func place(of ticket: Ticket) -> Int? {
        lanes[ticket.party]?.waiters.firstIndex { $0.number == ticket.number }
    }

    private mutating func settle(_ ticket: Ticket, _ result: Result<Grant, any Error>) -> Resumption? {
        guard let place = place(of: ticket), let waiter = lanes[ticket.party]?.waiters[place],
            waiter.result == nil
        else { return nil }
        waiting -= 1
        guard let continuation = waiter.continuation else {
            lanes[ticket.party]?.waiters[place].result = result
            return nil
        }
        lanes[ticket.party]?.waiters.remove(at: place)
        forget(ticket.party)
        return Resumption(continuation: continuation, result: result)
    }

    private mutating func forget(_ party: String) {
        if lanes[party]?.isUnused == true { lanes[party] = nil }
    }
}
