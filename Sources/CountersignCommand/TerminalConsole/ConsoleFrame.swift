import Administration
import Countersign
import Postgres

/// One picture of the console, made to fit the terminal.
struct ConsoleFrame {
    private let watch: InstallationWatch
    private let columns: Int
    private let rows: Int
    private let colors: Bool

    init(_ watch: InstallationWatch, columns: Int, rows: Int, colors: Bool) {
        (self.watch, self.columns, self.rows, self.colors) = (watch, columns, rows, colors)
    }

    /// No more than fit.
    var lines: [String] {
        guard let status = watch.status else { return [] }
        let fixed = [head(status), ""] + queues(status) + rates
        let workers = self.workers(status)
        // What hurts comes first and has what the others leave, at least three lines.
        let room = max(3, rows - fixed.count - min(workers.count, 5))
        let all = [fixed[0], fixed[1]] + hurting(status, room) + fixed.dropFirst(2) + workers
        return all.count <= rows ? all : all.prefix(max(rows - 1, 1)) + [dim("...")]
    }

    private func head(_ status: SystemStatus) -> String {
        let state: String
        if let loss = watch.loss {
            let seconds = readable(.seconds((ContinuousClock.now - loss.since).components.seconds))
            state = paint(cut(plain("NO DATABASE for \(seconds): \(loss.reason)"), to: columns - 45), 31)
        } else if watch.concerns.contains(where: { $0.weight == .down }) {
            state = paint("DOWN", 31)
        } else if watch.concerns.contains(where: { $0.weight == .attention }) {
            state = paint("NEEDS YOU", 33)
        } else {
            state = paint("FINE", 32)
        }
        return "\(bold("countersign"))  \(status.time.inSeconds)  \(state)  \(dim("q ends"))"
    }

    private func hurting(_ status: SystemStatus, _ room: Int) -> [String] {
        guard !watch.concerns.isEmpty else { return [] }
        let shown = watch.concerns.prefix(room - 2)
        let lines = shown.map { concern in
            let age = concern.since.map { readable($0.duration(to: status.time)) } ?? ""
            let words = [concern.what, concern.whom, concern.size, age].filter { !$0.isEmpty }
            let line = cut(plain("\(words.joined(separator: "  "))  \(remedy(concern))"))
            return concern.weight == .down
                ? paint(line, 31) : concern.weight == .attention ? paint(line, 33) : line
        }
        let rest = watch.concerns.count - shown.count
        return [bold("WHAT HURTS")] + lines + [rest > 0 ? dim("and \(rest) more") : ""]
    }

    /// What is typed to mend it; what it means where nothing is.
    private func remedy(_ concern: Concern) -> String {
        switch concern.remedy {
        case .action(let action, let subject):
            let words = action.button(on: subject)?.words ?? []
            let typed = Dictionary(words.map { ($0.name, [$0.word]) }) { $1 }
            return "-> countersign \(action.line(ActionWords(typed)))"
        case .paste(let text, _): return "-> \(text)"
        case .page, .none: return concern.advice
        }
    }

    private func queues(_ status: SystemStatus) -> [String] {
        let records = status.queues.map { queue -> Record in
            [
                "queue": .text(queue.stage),
                "waiting": queue.isEstimate ? .estimate(queue.waiting) : .number(queue.waiting),
                "oldest": .age(of: queue.oldest, at: status.time), "in_flight": .number(queue.inFlight),
                "done_last_minute": .number(queue.doneLastMinute),
                "paused": .text(status.pausedStages.contains(queue.stage) ? "paused" : ""),
            ]
        }
        return table(records) + [""]
    }

    /// Of the last ten minutes that are known, and the course of an hour.
    private var rates: [String] {
        guard let history = watch.history else { return [] }
        let recent = history.signIns.suffix(11).compactMap(\.self)
        let sum = recent.reduce(History.SignIns(), +)
        let ends = zip(History.ends, sum.ended).map { "\($1) \($0)" }.joined(separator: ", ")
        let asked = history.signIns.map { $0?.asked }
        return [
            bold("RATES") + dim("  of ten minutes, and asked for in each of sixty"),
            cut("sign-ins  \(sum.asked) asked for; \(ends)"),
            cut("webhooks  \(sum.delivered) delivered, \(sum.undelivered) failed, \(sum.dead) dead"),
            cut("asked     \(curve(asked))  at most \(asked.compactMap(\.self).max() ?? 0) a minute"), "",
        ]
    }

    /// A block a minute, as high as its share of the highest.
    private func curve(_ values: [Int?]) -> String {
        let blocks = Array("▁▂▃▄▅▆▇█")
        let most = max(values.compactMap(\.self).max() ?? 0, 1)
        return String(values.map { value in value.map { blocks[$0 * 7 / most] } ?? " " })
    }

    private func workers(_ status: SystemStatus) -> [String] {
        guard !status.workers.isEmpty else { return [paint("No worker is running.", 31)] }
        return table(status.workers.map { workerRecord($0, at: status.time) })
    }

    private func table(_ records: [Record]) -> [String] {
        let lines = TextTable(records).text.split(separator: "\n").map { cut(String($0)) }
        return lines.prefix(1).map(bold) + lines.dropFirst()
    }

    private func cut(_ text: String, to most: Int? = nil) -> String {
        let most = max(most ?? columns, 1)
        guard displayWidth(text) > most else { return text }
        var line = ""
        var width = 0
        for character in text {
            width += displayWidth("\(character)")
            guard width < most else { break }
            line.append(character)
        }
        return line + "…"
    }

    private func paint(_ text: String, _ color: Int) -> String { sgr(cut(text), "\(color);1") }
    private func bold(_ text: String) -> String { sgr(text, "1") }
    private func dim(_ text: String) -> String { sgr(text, "2") }
    private func sgr(_ text: String, _ codes: String) -> String {
        colors ? "\u{1B}[\(codes)m\(text)\u{1B}[0m" : text
    }
}
