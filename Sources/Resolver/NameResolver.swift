package import Countersign
import Glibc
import Postgres
import Synchronization

/// Looks up names in /etc/hosts and with the name servers of /etc/resolv.conf, by c-ares.
///
/// One thread waits for all sockets, so that a name server which says nothing keeps no thread busy. getaddrinfo blocks:
/// with eight threads for it, 16 names whose name server was silent held up everybody's webhooks for 45 s and more.
/// Other sources of nsswitch.conf are not asked.
package final class NameResolver: Sendable {
    package struct Limits: Sendable {
        /// Of a look-up, waiting for a place included. Longer than a lost packet costs with a second server, and half
        /// of what a delivery has.
        package var life = Duration.seconds(5)
        /// Look-ups at once. Each has a socket for each name server.
        package var total = 128
        /// Of these of one owner.
        package var ofOne = 32

        package init() {}
    }

    fileprivate struct Question {
        let name: String
        let owner: Int32
        let deadline: ContinuousClock.Instant
        let asker: CheckedContinuation<[IPAddress], any Error>
    }
    private struct State {
        var places: LookupPlaces<Question>
        var wakeup: WakeupSocket?
        var isClosed = false
    }
    private let state: Mutex<State>
    private let life: Duration
    private let servers: String?

    /// `servers` instead of those of /etc/resolv.conf: addresses with ports, by commas. No thread is begun before the
    /// first question; it ends by `close`.
    package init(_ limits: Limits = Limits(), servers: String? = nil) {
        (life, self.servers) = (limits.life, servers)
        state = Mutex(State(places: LookupPlaces(total: limits.total, ofOne: limits.ofOne)))
    }

    /// IPv4 before IPv6, each in random order, so that load spreads over a name's addresses. Never empty. `owner` is
    /// for whom: its names wait for one another, and never another's for them. Throws `LookupFailure`.
    package func addresses(of name: String, for owner: Int32) async throws -> [IPAddress] {
        let found = try await withCheckedThrowingContinuation { asker in
            let question = Question(name: name, owner: owner, deadline: .now + life, asker: asker)
            if let wakeup = enqueue(question) {
                wakeup.signal()
            } else {
                asker.resume(throwing: LookupFailure(description: "names cannot be looked up at this moment"))
            }
        }
        return found.filter(\.isVersion4).shuffled() + found.filter { !$0.isVersion4 }.shuffled()
    }

    /// Ends the thread, and with it what is being looked up.
    package func close() {
        let wakeup = state.withLock { state in
            state.isClosed = true
            return state.wakeup
        }
        wakeup?.signal()
    }

    /// Nil when it is closed, or the system has no thread or file descriptor left.
    private func enqueue(_ question: Question) -> WakeupSocket? {
        state.withLock { state in
            guard !state.isClosed else { return nil }
            if state.wakeup == nil, let wakeup = WakeupSocket(),
                startThread(stackSize: 256 * 1_024, { self.serve(wakeup) })
            {
                state.wakeup = wakeup
            }
            if state.wakeup != nil { state.places.ask(question, for: question.owner) }
            return state.wakeup
        }
    }
}

/// The thread.
extension NameResolver {
    private struct Running {
        let question: Question
        let lookup: Lookup
    }

    private func serve(_ wakeup: WakeupSocket) {
        var running: [Running] = []
        while begin(&running) {
            if settle(&running) { continue }  // there are free places
            wait(wakeup, running)
        }
        for question in running.map(\.question) { question.fail("the look-up of \(question.name) was ended") }
    }

    /// Begins what has a place, and ends what has waited for too long; false when closed.
    private func begin(_ running: inout [Running]) -> Bool {
        let now = ContinuousClock.now
        let (isClosed, admitted, late) = state.withLock { state in
            let isClosed = state.isClosed
            let late = state.places.remove { isClosed || $0.deadline <= now }
            return (isClosed, state.places.admit(), late)
        }
        for question in late { question.fail("looking up \(question.name) took more than \(life)") }
        for question in admitted {
            if let lookup = Lookup(servers: servers) {
                lookup.ask(question.name)
                running.append(Running(question: question, lookup: lookup))
            } else {
                question.fail("this machine has no means left to look up \(question.name)")
                state.withLock { $0.places.leave(question.owner) }
            }
        }
        return !isClosed
    }

    /// Tells the results of those that have ended or whose time is over; whether there were any.
    private func settle(_ running: inout [Running]) -> Bool {
        let now = ContinuousClock.now
        for entry in running where entry.question.deadline <= now { entry.lookup.giveUp() }
        let before = running.count
        running.removeAll { entry in
            guard let result = entry.lookup.result(for: entry.question.name) else { return false }
            entry.question.asker.resume(with: result.mapError { $0 as any Error })
            state.withLock { $0.places.leave(entry.question.owner) }
            return true
        }
        return running.count < before
    }

    /// Blocks until a socket has something, a question is due again, or there is a signal.
    private func wait(_ wakeup: WakeupSocket, _ running: [Running]) {
        var descriptors = [pollfd(fd: wakeup.descriptor, events: Int16(POLLIN), revents: 0)]
        var ranges: [Range<Int>] = []
        for entry in running {
            let start = descriptors.count
            descriptors += entry.lookup.descriptors()
            ranges.append(start..<descriptors.count)
        }
        let ready = unsafe poll(&descriptors, nfds_t(descriptors.count), pause(running))
        if ready > 0, descriptors[0].revents != 0 { wakeup.clear() }
        for (entry, range) in zip(running, ranges) { entry.lookup.process(descriptors[range]) }
    }

    /// Milliseconds for poll(2).
    private func pause(_ running: [Running]) -> Int32 {
        let waiting = state.withLock { $0.places.waiting.map(\.deadline) }
        let deadline = (waiting + running.map(\.question.deadline)).min()
        let pauses = running.compactMap(\.lookup.untilNext) + [milliseconds(until: deadline)]
        return pauses.filter { $0 >= 0 }.min() ?? -1
    }
}

extension NameResolver.Question {
    fileprivate func fail(_ reason: String) { asker.resume(throwing: LookupFailure(description: reason)) }
}
