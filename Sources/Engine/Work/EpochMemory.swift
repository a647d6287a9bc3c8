package import Countersign
package import Postgres
import Synchronization

/// What this process remembers of the database's history, by which it notices that this has gone back.
///
/// Each session of a worker asks before its first batch. What it tells the database: which life it knows, how often
/// that had written its row, and the last heartbeat that was acknowledged to this worker.
package final class EpochMemory: Sendable {
    private struct State {
        var known: EpochState?
        /// What a file remembers from an earlier process, until the database has said something.
        var file: (life: Identifier, notes: Int64)?
        var heard: Timestamp?
    }
    private let worker: Identifier
    private let state: Mutex<State>

    package init(worker: Identifier, journal: Journal? = nil) {
        self.worker = worker
        state = Mutex(State(file: journal?.memory()))
    }

    /// The last that the database has said; nil before the first word.
    package var known: EpochState? { state.withLock(\.known) }

    /// What to ask the database on a new session.
    package var question: CheckEpoch {
        state.withLock { state in
            CheckEpoch(
                worker: worker, heard: state.heard, life: state.known?.life ?? state.file?.life,
                notes: state.known?.notes ?? state.file?.notes)
        }
    }

    /// Takes what the database says. Returns whether history has gone back since this process last asked.
    package func take(_ said: EpochState) -> Bool {
        state.withLock { state in
            let isNew = state.known.map { $0.life != said.life } ?? false
            // A heartbeat of an earlier life proves nothing in this one.
            if isNew { state.heard = nil }
            state.known = said
            return isNew
        }
    }

    /// A heartbeat of this worker is committed. One in another life than is known, such as of a primary that has been given
    /// up and still answers, says nothing.
    package func heard(_ time: Timestamp, in life: Identifier) {
        state.withLock { if $0.known?.life == life { $0.heard = time } }
    }
}

/// What `countersign.epoch_state` says.
package struct EpochState: Sendable, Hashable {
    /// How often history has gone back.
    package let number: Int
    package let life: Identifier
    package let notes: Int64
    /// Whether nobody is to work until an operator has released it.
    package let refuses: Bool

    init(_ row: inout RowReader) throws {
        number = try row.int("number")
        life = try row.identifier("life")
        notes = Int64(try row.int("notes"))
        refuses = try row.bool("refuses")
    }
}

/// Looks whether history has gone back, and begins an epoch if it has.
package struct CheckEpoch: PreparedStatement {
    let worker: Identifier
    let heard: Timestamp?
    let life: Identifier?
    let notes: Int64?

    package static let statement = Statement(
        "epoch.check", "SELECT number, life, notes, refuses FROM countersign.check_epoch($1, $2, $3, $4)")
    package var parameters: [Parameter] {
        [.identifier(worker), Parameter(heard), Parameter(life), notes.map { .int($0) } ?? .null]
    }
    package static func decode(_ row: inout RowReader) throws -> EpochState { try EpochState(&row) }
}

/// The same, and changes nothing: in what history has gone back; nil when it has not, or that is known.
package struct FindEpochFault: PreparedStatement {
    let question: CheckEpoch

    package init(_ question: CheckEpoch) { self.question = question }

    package static let statement = Statement(
        "epoch.fault", "SELECT countersign.epoch_fault($1, $2, $3, $4) AS fault")
    package var parameters: [Parameter] { question.parameters }
    package static func decode(_ row: inout RowReader) throws -> String? { try row.optionalText("fault") }
}

/// What every process looks at once a second.
package struct ReadEpoch: PreparedStatement {
    package init() {}

    package static let statement = Statement(
        "epoch.read", "SELECT number, life, notes, refuses FROM countersign.epoch_state()")
    package static func decode(_ row: inout RowReader) throws -> EpochState { try EpochState(&row) }
}

/// Revokes again what was revoked before the restore. Returns those that had come back, and whether they are revoked now:
/// not where somebody holds the row.
package struct RevokeAgain: PreparedStatement {
    let enrollments: [Identifier]

    package init(enrollments: [Identifier]) { self.enrollments = enrollments }

    package static let statement = Statement(
        "epoch.revoke_again",
        "SELECT enrollment, is_revoked FROM countersign.revoke_again($1)")
    package var parameters: [Parameter] { [.identifiers(enrollments)] }
    package static func decode(_ row: inout RowReader) throws -> (enrollment: Identifier, isRevoked: Bool) {
        (try row.identifier("enrollment"), try row.bool("is_revoked"))
    }
}

/// Deals with a part of what was open when an epoch began.
package struct ClearSuspects: PreparedStatement {
    let limit: Int

    package init(limit: Int) { self.limit = limit }

    package static let statement = Statement(
        "epoch.clear", "SELECT countersign.clear_suspects($1) AS rows")
    package var parameters: [Parameter] { [.int32(Int32(limit))] }
    package static func decode(_ row: inout RowReader) throws -> Int { try row.int("rows") }
}
