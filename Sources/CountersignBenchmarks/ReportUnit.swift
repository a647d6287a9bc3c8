/// How a number is written.
enum ReportUnit: String, Sendable {
    case perSecond = "/s"
    case milliseconds = "ms"
    case mebibytes = "MiB"
    case ratio = ""

    fileprivate var decimals: Int {
        switch self {
        case .perSecond: 0
        case .mebibytes: 1
        case .milliseconds, .ratio: 2
        }
    }
}

extension Double {
    /// With the unit's decimals, thousands apart: `12,345.6`.
    func formatted(_ unit: ReportUnit) -> String {
        let scale = [1.0, 10, 100][unit.decimals]
        let whole = Int((self * scale).rounded())
        let (integer, fraction) = whole.quotientAndRemainder(dividingBy: Int(scale))
        guard unit.decimals > 0 else { return grouped(integer) }
        let digits = String(fraction)
        return grouped(integer) + "." + String(repeating: "0", count: unit.decimals - digits.count) + digits
    }
}

private func grouped(_ number: Int) -> String {
    let digits = Array(String(number))
    let groups = stride(from: digits.count, to: 0, by: -3).map { end in String(digits[max(0, end - 3)..<end])
    }
    return groups.reversed().joined(separator: ",")
}
