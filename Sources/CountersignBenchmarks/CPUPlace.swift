/// Where a sign-in costs CPU.
enum CPUPlace: String, CaseIterable, Sendable {
    case clients
    case portals = "portals' backends"
    case apps = "app's backends"
    case worker
    case workers = "worker's backends"
    case gateway
    case gateways = "gateway's backends"

    /// The place of a backend, by its login's name without the part that all logins of a run share.
    init?(login: String) {
        switch login.prefix(while: \.isLetter) {
        case "portal": self = .portals
        case "app": self = .apps
        case "worker": self = .workers
        case let word where word.hasPrefix("gateway"): self = .gateways
        default: return nil
        }
    }
}

/// Microseconds of CPU by place.
struct CPUTimes: Sendable, Encodable {
    private var byPlace: [CPUPlace: Double] = [:]

    var isEmpty: Bool { byPlace.isEmpty }
    var sum: Double { byPlace.values.reduce(0, +) }

    mutating func add(_ microseconds: Double, _ place: CPUPlace) {
        byPlace[place, default: 0] += microseconds
    }

    mutating func add(_ other: CPUTimes) { byPlace.merge(other.byPlace, uniquingKeysWith: +) }

    static func / (times: CPUTimes, divisor: Double) -> CPUTimes {
        var result = CPUTimes()
        result.byPlace = times.byPlace.mapValues { $0 / divisor }
        return result
    }

    /// The median of each place.
    static func median(_ all: [CPUTimes]) -> CPUTimes {
        var result = CPUTimes()
        for place in CPUPlace.allCases {
            let values = all.compactMap { $0.byPlace[place] }
            if !values.isEmpty { result.byPlace[place] = Spread(values).median }
        }
        return result
    }

    /// For a note: `CPU us each: 3,912 (clients 812, worker 270)`.
    var summary: String {
        let parts = CPUPlace.allCases.compactMap { place in
            byPlace[place].map { "\(place.rawValue) \($0.formatted(.microseconds))" }
        }
        return "CPU us each: \(sum.formatted(.microseconds)) (\(parts.joined(separator: ", ")))"
    }

    func encode(to encoder: any Encoder) throws {
        try Dictionary(uniqueKeysWithValues: byPlace.map { ($0.rawValue, $1) }).encode(to: encoder)
    }
}
