import Countersign

/// How a number is written.
enum ReportUnit: String, Sendable {
    case perSecond = "/s"
    case seconds = "s"
    case milliseconds = "ms"
    case microseconds = "us"
    case bytes = "B"
    case mebibytes = "MiB"
    case ratio = ""

    fileprivate var decimals: Int {
        switch self {
        case .perSecond, .microseconds, .bytes: 0
        case .mebibytes, .seconds: 1
        case .milliseconds, .ratio: 2
        }
    }
}

extension Double {
    /// With the unit's decimals, thousands apart: `12,345.6`; `?` of what cannot be divided.
    func formatted(_ unit: ReportUnit) -> String {
        guard isFinite else { return "?" }
        let scale = [1.0, 10, 100][unit.decimals]
        let whole = Int((magnitude * scale).rounded())
        let (integer, fraction) = whole.quotientAndRemainder(dividingBy: Int(scale))
        let sign = self < 0 && whole > 0 ? "-" : ""
        guard unit.decimals > 0 else { return sign + grouped(integer) }
        let digits = String(fraction)
        let zeros = String(repeating: "0", count: unit.decimals - digits.count)
        return sign + grouped(integer) + "." + zeros + digits
    }
}
