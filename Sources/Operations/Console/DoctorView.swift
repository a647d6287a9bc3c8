import Administration
import Postgres

/// Everything that the doctor looks at, what is not well first.
enum DoctorView {
    static func content(
        _ frame: PageFrame, _ connection: inout Connection
    ) async throws -> [String: Any] {
        guard let (all, at) = frame.background.findings() else { return [:] }
        let now = try await connection.run(ReadClock()).one().time
        let (bad, fine) = (all.filter { $0.grade != .ok }, all.filter { $0.grade == .ok })
        let errors = bad.filter { $0.grade == .error }
        return [
            "asked": moment(at, now), "hasBad": !bad.isEmpty,
            "bad": (errors + bad.filter { $0.grade == .warning }).enumerated().map { row($1, $0) },
            "fine": fine.map { ["check": $0.check, "finding": $0.finding] },
            "errors": counted(errors.count, "error"),
            "warnings": counted(bad.count - errors.count, "warning"),
            "well": counted(fine.count, "check"),
        ]
    }

    private static func counted(_ count: Int, _ what: String) -> String {
        "\(count) \(what)\(count == 1 ? "" : "s")"
    }

    private static func row(_ finding: Finding, _ number: Int) -> [String: Any] {
        var content: [String: Any] = [
            "check": finding.check, "finding": finding.finding, "advice": prose(finding.advice),
            "grade": finding.grade.rawValue, "tone": finding.grade == .error ? "bad" : "warm",
        ]
        if let remedy = finding.remedy {
            content["paste"] =
                ["text": remedy.text, "by": remedy.hands.phrase, "number": number] as [String: Any]
        }
        return content.withoutEmptyTexts
    }
}
