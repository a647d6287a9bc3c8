import Countersign
import Postgres
import Synchronization

/// One kind of question to the database, asked for many callers at once: one statement is on its way, or a few are, and who
/// comes meanwhile goes with the next. Who comes alone goes at once; where many come, a statement waits for company: for
/// those of whom it is known that they are about to ask, and where nobody can know that, as long as its pace says.
///
/// With one on its way 32 callers went in step from question to question, and two cores had nothing to do for 28 % of the
/// time; with three they did 1.3 times as many starts.
///
/// A statement that the server refuses has done nothing: then each of its callers asks alone, so that one gets the
/// error that is his and the others their answers. Whoever was refused alone, too, goes alone for a while: he breaks no
/// more statements of others. Calls need no bound of their own: each has a connection of a client.
final class Gathering<Call: Sendable, Answer: Sendable>: Sendable {
    private enum Outcome: Sendable {
        case answer(Answer)
        case failure(any Error)
        /// Ask alone.
        case refused
    }

    private struct Entry: Sendable {
        let call: Call
        let lane: String
        let context: LogContext?
        let continuation: CheckedContinuation<Outcome, Never>
    }

    /// An answer for each call, in their order; nil for one that has to be asked alone.
    typealias Together = @Sendable ([Call]) async throws -> [Answer?]
    typealias Alone = @Sendable (Call) async throws -> Answer

    private let most: Int
    private let together: Together
    private let alone: Alone?
    private let pace: CallPace?
    /// Those who are about to ask.
    let coming: ComingCalls
    private let waiting: Mutex<WaitingCalls<Entry>>
    private let refused = RefusedLanes()

    /// - Parameters:
    ///   - most: calls of one statement at most.
    ///   - atOnce: statements on their way at most, each on a connection of its own.
    ///   - pace: nil where it is known who is about to ask.
    ///   - alone: nil where a statement that fails fails for all.
    init(
        most: Int, atOnce: Int = 1, pace: CallPace? = nil, coming: ComingCalls = ComingCalls(),
        together: @escaping Together, alone: Alone? = nil
    ) {
        (self.most, self.pace, self.coming) = (most, pace, coming)
        (self.together, self.alone) = (together, alone)
        waiting = Mutex(WaitingCalls(atOnce: atOnce))
    }

    /// How many wait for the next statement.
    var waitingCount: Int { waiting.withLock(\.count) }

    /// - Parameter lane: on whose behalf: lanes take turns.
    func ask(_ call: Call, lane: String) async throws -> Answer {
        if let alone, refused.contains(lane) { return try await alone(call) }
        pace?.note()
        let outcome = await withCheckedContinuation { continuation in
            let entry = Entry(
                call: call, lane: lane, context: LogContext.current, continuation: continuation)
            let begins = waiting.withLock { $0.add(entry, lane: lane) }
            coming.come()
            // A task of its own: the caller's may be cancelled, and the statement is everybody's.
            if begins { Task(name: "gathering") { await serve() } }
        }
        switch outcome {
        case .answer(let answer): return answer
        case .failure(let error): throw error
        case .refused: return try await askAlone(call, lane)
        }
    }

    private func askAlone(_ call: Call, _ lane: String) async throws -> Answer {
        guard let alone else { preconditionFailure("only who can ask alone is sent to do so") }
        do {
            return try await alone(call)
        } catch {
            if PostgresError(in: error)?.isRefusal == true { refused.insert(lane) }
            throw error
        }
    }

    private func serve() async {
        repeat {
            if waitingCount < most {
                await pace?.waitForCompany()
                await coming.waitForAll()
            }
            let (entries, begins) = waiting.withLock { $0.next(most) }
            if begins { Task(name: "gathering") { await serve() } }
            // What is logged of a statement for several is nobody's alone.
            await LogContext.$current.withValue(entries.count == 1 ? entries[0].context : nil) {
                await answer(entries)
            }
        } while waiting.withLock { $0.goesOn() }
    }

    /// Whoever was refused has been alone when nobody else was there.
    private func outcome(_ error: any Error, _ entries: [Entry]) -> Outcome {
        guard alone != nil, PostgresError(in: error)?.isRefusal == true else { return .failure(error) }
        guard entries.count == 1 else { return .refused }
        refused.insert(entries[0].lane)
        return .failure(error)
    }

    private func answer(_ entries: [Entry]) async {
        do {
            let answers = try await together(entries.map(\.call))
            precondition(answers.count == entries.count, "an answer for each call")
            for (entry, answer) in zip(entries, answers) {
                entry.continuation.resume(returning: answer.map { .answer($0) } ?? .refused)
            }
        } catch {
            for entry in entries { entry.continuation.resume(returning: outcome(error, entries)) }
        }
    }
}

extension PostgresError {
    /// The server did not take what a caller has sent. It is sound itself, and so is the connection.
    fileprivate var isRefusal: Bool { ["22", "23", "42", "CS", "P0"].contains { $0 ~= state } }
}
