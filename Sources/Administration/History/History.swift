package import Postgres

/// What was done, over some time up to now: the same from every process that asks.
package struct History: Sendable {
    package enum Span: String, Sendable, CaseIterable {
        case hour, day, week, month, year

        /// Of one point.
        package var step: Duration {
            switch self {
            case .hour: .seconds(60)
            case .day: .seconds(600)
            case .week: .seconds(3_600)
            case .month: .seconds(4 * 3_600)
            case .year: .seconds(86_400)
            }
        }
        package var length: Duration {
            switch self {
            case .hour: .seconds(3_600)
            case .day: .seconds(86_400)
            case .week: .seconds(7 * 86_400)
            case .month: .seconds(30 * 86_400)
            case .year: .seconds(365 * 86_400)
            }
        }
        /// Minutes are kept for a week, and a week of them is too much to read.
        var unit: String { self == .hour || self == .day ? "minute" : "hour" }
    }

    /// Sign-ins and webhooks of one step.
    package struct SignIns: Sendable, Hashable {
        package var asked = 0
        /// By end, in the order of `ends`.
        package var ended = [0, 0, 0, 0, 0]
        package var delivered = 0
        package var undelivered = 0
        package var dead = 0
        package var codeTimes = TimeHistogram()
        package var answerTimes = TimeHistogram()

        package init() {}
    }

    package static let ends = ["authenticated", "denied", "expired", "cancelled", "failed"]

    package let span: Span
    /// When each step begins, the oldest first.
    package let times: [Timestamp]
    /// Of each step; nil where nobody kept house.
    package let signIns: [SignIns?]
    /// What waited for each stage.
    package let waiting: [String: [Int?]]
}

extension History {
    package static func read(_ span: Span, _ connection: inout Connection) async throws -> History {
        let (clock, signIns, queues) = try await connection.pipeline(
            ReadClock(), ReadSignIns(span: span), ReadBacklog(span: span)
        ).results
        let step = span.step.microseconds
        let end = try clock.one().time.microseconds / step * step
        let count = Int(span.length.microseconds / step)
        let first = end - Int64(count - 1) * step
        func place(_ time: Timestamp) -> Int? {
            let place = Int((time.microseconds - first) / step)
            return time.microseconds >= first && place < count ? place : nil
        }
        var merged = [SignIns?](repeating: nil, count: count)
        for (time, row) in try signIns.all() {
            guard let place = place(time) else { continue }
            merged[place] = (merged[place] ?? SignIns()) + row
        }
        var waiting: [String: [Int?]] = [:]
        for row in try queues.all() {
            guard let place = place(row.time) else { continue }
            waiting[row.stage, default: Array(repeating: nil, count: count)][place] = row.waiting
        }
        return History(
            span: span, times: (0..<count).map { Timestamp(microseconds: first + Int64($0) * step) },
            signIns: merged, waiting: waiting)
    }
}

extension History.SignIns {
    package static func + (left: Self, right: Self) -> Self {
        var sum = left
        sum.asked += right.asked
        sum.ended = zip(left.ended, right.ended).map { $0 + $1 }
        sum.delivered += right.delivered
        sum.undelivered += right.undelivered
        sum.dead += right.dead
        sum.codeTimes += right.codeTimes
        sum.answerTimes += right.answerTimes
        return sum
    }
}

extension Duration {
    fileprivate var microseconds: Int64 { components.seconds * 1_000_000 }
}

struct ReadSignIns: PreparedStatement {
    let span: History.Span

    static let statement = Statement(
        "history.sign_ins",
        """
        SELECT h.minute, h.asked, h.authenticated, h.denied, h.expired, h.cancelled, h.failed, h.delivered, h.undelivered,
               h.dead, h.code_times, h.answer_times
        FROM countersign.sign_in_history h
        WHERE h.unit = $1 AND h.minute > (SELECT clock_timestamp() - make_interval(secs => $2)) ORDER BY h.minute
        """)
    var parameters: [Parameter] { [.text(span.unit), .double(span.length / .seconds(1))] }

    static func decode(_ row: inout RowReader) throws -> (time: Timestamp, row: History.SignIns) {
        var signIns = History.SignIns()
        let time = try row.timestamp("minute")
        signIns.asked = try row.int("asked")
        signIns.ended = [
            try row.int("authenticated"), try row.int("denied"), try row.int("expired"),
            try row.int("cancelled"),
            try row.int("failed"),
        ]
        signIns.delivered = try row.int("delivered")
        signIns.undelivered = try row.int("undelivered")
        signIns.dead = try row.int("dead")
        signIns.codeTimes = TimeHistogram(try row.ints("code_times"))
        signIns.answerTimes = TimeHistogram(try row.ints("answer_times"))
        return (time, signIns)
    }
}

/// The most that waited within each step.
struct ReadBacklog: PreparedStatement {
    let span: History.Span

    static let statement = Statement(
        "history.backlog",
        """
        SELECT s.stage, h.at, h.waiting FROM countersign.stage_controls s CROSS JOIN LATERAL (
            SELECT date_bin(make_interval(secs => $3), q.minute, '2000-01-01Z') AS at, max(q.waiting) AS waiting
            FROM countersign.queue_history q
            WHERE q.unit = $1 AND q.stage = s.stage
              AND q.minute > (SELECT clock_timestamp() - make_interval(secs => $2)) GROUP BY 1) AS h
        """)
    var parameters: [Parameter] {
        [.text(span.unit), .double(span.length / .seconds(1)), .double(span.step / .seconds(1))]
    }

    static func decode(_ row: inout RowReader) throws -> (stage: String, time: Timestamp, waiting: Int) {
        (try row.text("stage"), try row.timestamp("at"), try row.int("waiting"))
    }
}
