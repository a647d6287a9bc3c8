import Postgres
import Support
import Synchronization
import Testing

@testable import Gateway

/// Calls of many that travel in one statement.
@Suite struct GatheringTests {
    /// Stands for the database: notes what came, and answers when it is let.
    private final class Asked: Sendable {
        let begun = Signal()
        let released = Signal()
        private let state = Mutex<(together: [[String]], alone: [String])>(([], []))

        var together: [[String]] { state.withLock(\.together) }
        var alone: [String] { state.withLock(\.alone) }

        func together(_ calls: [String]) async throws -> [Int?] {
            state.withLock { $0.together.append(calls) }
            begun.fire()
            try await released.wait()
            for call in calls where call.hasPrefix("fail") { throw PostgresError("08006", "\(call)") }
            for call in calls where call.hasPrefix("bad") { throw PostgresError("CS003", "\(call)") }
            return calls.map { $0.hasPrefix("unknown") ? nil : $0.utf8.count }
        }

        func alone(_ call: String) throws -> Int {
            state.withLock { $0.alone.append(call) }
            if call.hasPrefix("bad") { throw PostgresError("CS003", "\(call)") }
            return -1
        }
    }

    private func gathering(
        _ asked: Asked, most: Int = 10, atOnce: Int = 1, pace: CallPace? = nil,
        coming: ComingCalls = ComingCalls()
    ) -> Gathering<String, Int> {
        Gathering(
            most: most, atOnce: atOnce, pace: pace, coming: coming,
            together: { try await asked.together($0) }, alone: { try asked.alone($0) })
    }

    /// Of many calls, in times to come: so no gap follows, however slow the machine is.
    private func crowded(_ wait: @escaping @Sendable () async -> Void) -> CallPace {
        let pace = CallPace { _ in await wait() }
        let start = ContinuousClock.now + .seconds(3_600)
        for number in 1...1_000 { pace.note(at: start + .nanoseconds(number)) }
        return pace
    }

    /// One call is on its way; begins the others, and returns when all are there.
    private func ask(
        _ gathering: Gathering<String, Int>, _ asked: Asked, _ calls: [(call: String, lane: String)]
    ) async throws -> [Task<Int, any Error>] {
        let first = Task { try await gathering.ask("first", lane: "first") }
        try await asked.begun.wait()
        let others = calls.map { call, lane in Task { try await gathering.ask(call, lane: lane) } }
        try await eventually("all wait") { gathering.waitingCount == calls.count }
        asked.released.fire()
        return [first] + others
    }

    @Test func `a lone caller goes at once, and who comes meanwhile goes together`() async throws {
        let asked = Asked()
        let calls = ["a", "bb", "ccc"].map { ($0, $0) }
        let tasks = try await ask(gathering(asked), asked, calls)
        for (task, answer) in zip(tasks, [5, 1, 2, 3]) { #expect(try await task.value == answer) }
        #expect(
            asked.together.map { $0.sorted() } == [["first"], ["a", "bb", "ccc"]] && asked.alone.isEmpty)
    }

    @Test func `as many statements as may be are on their way, and the next waits`() async throws {
        let asked = Asked()
        let gathering = gathering(asked, atOnce: 2)
        var begun: [Task<Int, any Error>] = []
        for call in ["a", "bb"] {
            begun.append(Task { try await gathering.ask(call, lane: call) })
            try await asked.begun.wait(for: begun.count)
        }
        let next = ["ccc", "dddd"].map { call in Task { try await gathering.ask(call, lane: call) } }
        try await eventually("both wait") { gathering.waitingCount == 2 }
        #expect(asked.together.count == 2)
        asked.released.fire()
        for (task, answer) in zip(begun + next, 1...4) { #expect(try await task.value == answer) }
        #expect(asked.together.prefix(2).allSatisfy { $0.count == 1 } && asked.together.joined().count == 4)
    }

    @Test func `where many come, a statement waits for company`() async throws {
        let (asked, resting, rested) = (Asked(), Signal(), Signal())
        let pace = crowded {
            resting.fire()
            try? await rested.wait()
        }
        let gathering = gathering(asked, pace: pace)
        asked.released.fire()
        let first = Task { try await gathering.ask("first", lane: "first") }
        try await resting.wait()
        let other = Task { try await gathering.ask("other", lane: "other") }
        try await eventually("both wait") { gathering.waitingCount == 2 }
        #expect(asked.together.isEmpty)
        rested.fire()
        #expect(try await first.value == 5)
        #expect(try await other.value == 5)
        #expect(asked.together.map { $0.sorted() } == [["first", "other"]])
    }

    @Test func `whom a full statement leaves goes with another at once`() async throws {
        let (asked, resting, rested) = (Asked(), Signal(), Signal())
        let pace = crowded {
            resting.fire()
            try? await rested.wait()
        }
        let gathering = gathering(asked, most: 2, atOnce: 2, pace: pace)
        let first = Task { try await gathering.ask("a", lane: "a") }
        try await resting.wait()
        let others = ["bb", "ccc"].map { call in Task { try await gathering.ask(call, lane: call) } }
        try await eventually("all wait") { gathering.waitingCount == 3 }
        rested.fire()
        try await asked.begun.wait(for: 2)
        #expect(asked.together.map(\.count) == [2, 1])
        asked.released.fire()
        for (task, answer) in zip([first] + others, 1...3) { #expect(try await task.value == answer) }
    }

    @Test func `who is about to ask is waited for, and nobody else`() async throws {
        let asked = Asked()
        let coming = ComingCalls(limit: .seconds(3_600))
        let gathering = gathering(asked, coming: coming)
        asked.released.fire()
        for _ in 1...3 { coming.expect() }
        let first = ["a", "bb"].map { call in Task { try await gathering.ask(call, lane: call) } }
        try await eventually("both wait") { gathering.waitingCount == 2 }
        #expect(asked.together.isEmpty)
        #expect(try await gathering.ask("ccc", lane: "ccc") == 3)
        for (task, answer) in zip(first, 1...2) { #expect(try await task.value == answer) }
        #expect(asked.together.map { $0.sorted() } == [["a", "bb", "ccc"]])
        #expect(try await gathering.ask("dddd", lane: "dddd") == 4)
    }

    /// A caller who was announced and does not come, as his time is over.
    @Test func `who does not come is not waited for any more`() async throws {
        let asked = Asked()
        let coming = ComingCalls(limit: .milliseconds(1))
        let gathering = gathering(asked, coming: coming)
        asked.released.fire()
        for _ in 1...2 { coming.expect() }
        #expect(try await gathering.ask("a", lane: "a") == 1)
        coming.expect()
        #expect(try await gathering.ask("bb", lane: "bb") == 2)
        #expect(asked.together == [["a"], ["bb"]])
    }

    @Test func `a full statement waits for nobody`() async throws {
        let asked = Asked()
        let pace = crowded { Issue.record("it waits") }
        asked.released.fire()
        #expect(try await gathering(asked, most: 1, pace: pace).ask("first", lane: "first") == 5)
    }

    @Test func `each lane has its turn, however many of one wait`() async throws {
        let asked = Asked()
        let calls = (0..<9).map { ("a\($0)", "a") } + [("b", "b"), ("c", "c")]
        for task in try await ask(gathering(asked, most: 4), asked, calls) { _ = try await task.value }
        #expect(asked.together.count == 4)
        #expect(asked.together[1].contains("b") && asked.together[1].contains("c"))
    }

    /// The one who is wrong gets his error and the others their answers; for a while he breaks no more batches.
    @Test func `what is refused together is asked for alone`() async throws {
        let (asked, calls) = (Asked(), [("good", "one"), ("bad", "two"), ("fine", "three")])
        let gathering = gathering(asked)
        let tasks = try await ask(gathering, asked, calls)
        #expect(try await tasks[1].value == -1)
        await #expect(throws: PostgresError.self) { try await tasks[2].value }
        #expect(try await tasks[3].value == -1)
        #expect(asked.alone.sorted() == ["bad", "fine", "good"])
        let before = asked.together.count
        await #expect(throws: PostgresError.self) { try await gathering.ask("bad again", lane: "two") }
        #expect(asked.together.count == before)
        #expect(try await gathering.ask("good", lane: "one") == 4)
    }

    @Test func `who gets no answer among the others asks alone`() async throws {
        let asked = Asked()
        let tasks = try await ask(gathering(asked), asked, [("unknown", "one"), ("good", "two")])
        #expect(try await tasks[1].value == -1)
        #expect(try await tasks[2].value == 4)
        #expect(asked.alone == ["unknown"])
    }

    /// Nobody knows whether a lost statement was carried out: it is not repeated.
    @Test func `a lost statement fails for all`() async throws {
        let asked = Asked()
        let tasks = try await ask(gathering(asked), asked, [("fail", "one"), ("good", "two")])
        for task in tasks.dropFirst() { await #expect(throws: PostgresError.self) { try await task.value } }
        #expect(asked.alone.isEmpty)
    }

    @Test func `a caller that is cancelled takes no other's answer`() async throws {
        let asked = Asked()
        let gathering = gathering(asked)
        let first = Task { try await gathering.ask("first", lane: "first") }
        try await asked.begun.wait()
        let other = Task { try await gathering.ask("other", lane: "other") }
        first.cancel()
        asked.released.fire()
        #expect(try await other.value == 5)
    }
}
