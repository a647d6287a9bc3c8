/// One line of the table.
struct ReportRow: Sendable, Encodable {
    enum Target: Sendable {
        /// What the ratio of ours to the reference must reach, or must not exceed.
        case atLeast(Double), atMost(Double)
        /// What ours must not exceed.
        case limit(Double)
        case none
    }

    let figure: String
    /// What is measured, and against what.
    let title: String
    let unit: ReportUnit
    let ours: Spread
    let reference: Spread?
    let target: Target
    /// CPU microseconds for each, by place.
    var cpu = CPUTimes()
    var notes: [String] = []

    /// Nil also where the reference is nothing.
    var ratio: Double? { reference.flatMap { $0.median > 0 ? ours.median / $0.median : nil } }

    /// All that stands below the figures.
    var remarks: [String] { (cpu.isEmpty ? [] : [cpu.summary]) + notes }

    /// `ok` or `short`; nil where there is no target.
    var verdict: String? {
        let isReached: Bool? =
            switch target {
            case .atLeast(let least): ratio.map { $0 >= least }
            case .atMost(let most): ratio.map { $0 <= most }
            case .limit(let limit): ours.median <= limit
            case .none: nil
            }
        return isReached.map { $0 ? "ok" : "short" }
    }

    private enum Key: String, CodingKey {
        case figure, title, unit, ours, reference, ratio, target, verdict, cpu, notes
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(figure, forKey: .figure)
        try container.encode(title, forKey: .title)
        try container.encode(unit.rawValue, forKey: .unit)
        try container.encode(ours, forKey: .ours)
        try container.encode(reference, forKey: .reference)
        try container.encode(ratio, forKey: .ratio)
        try container.encode(target.text(unit), forKey: .target)
        try container.encode(verdict, forKey: .verdict)
        if !cpu.isEmpty { try container.encode(cpu, forKey: .cpu) }
        try container.encode(notes, forKey: .notes)
    }
}

extension ReportRow.Target {
    /// `>= 0.80`; the row's own unit where it is no ratio of two.
    func text(_ unit: ReportUnit) -> String? {
        switch self {
        case .atLeast(let least): ">= \(least.formatted(.ratio))"
        case .atMost(let most): "<= \(most.formatted(.ratio))"
        case .limit(let limit): "<= \(limit.formatted(unit))" + (unit == .ratio ? "" : " \(unit.rawValue)")
        case .none: nil
        }
    }
}
