import Administration
import Countersign
import Mustache
import Postgres

/// The first page: what hurts, and then how it goes.
enum OverviewView {
    static func content(
        _ place: ConsolePlace, _ frame: PageFrame, _ connection: inout Connection
    ) async throws -> [String: Any] {
        // Who comes sees what he has just done.
        let overview = try await frame.background.overview.value(isFresh: !frame.follows) {
            try await Overview.read(&connection)
        }
        let now = overview.status.time
        let findings = frame.background.findings()
        let all = Concern.ordered(overview.concerns + Concern.all(of: findings?.all ?? []))
        let (concerns, notes) = (all.filter { $0.weight > .note }, all.filter { $0.weight == .note })
        let span = place["range"].flatMap(History.Span.init) ?? .hour
        var content: [String: Any] = [
            "concerns": concerns.map { row($0, now, frame) }, "hasConcerns": !concerns.isEmpty,
            "notes": notes.map { row($0, now, frame) }, "hasNotes": !notes.isEmpty,
            "noteCount": notes.count == 1 ? "1 note" : "\(notes.count) notes",
            "charts": try await charts(span, frame, &connection),
            "ranges": History.Span.allCases.map { range in
                [
                    "address": place.with("range", range == .hour ? nil : range.rawValue).address,
                    "name": range.rawValue, "current": range == span,
                ] as [String: Any]
            },
        ]
        content.merge(state(concerns)) { $1 }
        if let findings { content["asked"] = moment(findings.at, now) }
        return content
    }

    private static func charts(
        _ span: History.Span, _ frame: PageFrame, _ connection: inout Connection
    ) async throws -> String {
        try await frame.background.charts[span]?.value {
            let history = try await History.read(span, &connection)
            return templates.render(
                ["charts": HistoryCharts.content(history)], withTemplate: "charts") ?? ""
        } ?? ""
    }

    /// One word for everything.
    private static func state(_ concerns: [Concern]) -> [String: Any] {
        let heaviest = concerns.map(\.weight).max()
        let things = concerns.count == 1 ? "1 thing" : "\(concerns.count) things"
        return switch heaviest {
        case .down?:
            [
                "tone": "bad", "state": "Down",
                "sentence": "Nobody can sign in, or soon nobody will. \(things) to look at.",
            ]
        case .attention?:
            ["tone": "busy", "state": "Needs you", "sentence": "\(things) to look at."]
        case .note?, nil:
            [
                "tone": "good", "state": "Fine",
                "sentence": "Nothing needs you: no queue is late, no receiver fails.",
            ]
        }
    }

    private static func row(_ concern: Concern, _ now: Timestamp, _ frame: PageFrame) -> [String: Any] {
        var content: [String: Any] = [
            "what": concern.what, "whom": concern.whom, "size": concern.size, "advice": prose(concern.advice),
            "tone": concern.weight == .down ? "bad" : concern.weight == .note ? "quiet" : "busy",
        ]
        if let since = concern.since { content["since"] = moment(since, now) }
        content["by"] = concern.by
        content["place"] = concern.place.map { "/console/\($0)" }
        switch concern.remedy {
        case .page(let text): content["link"] = ["address": "/console/\(text)"] as [String: Any]
        case .action(let action, let subject):
            content["forms"] = frame.form(of: action, on: subject).map { [$0] } ?? []
        case .paste(let text, let hands): content["paste"] = ["text": text, "by": hands] as [String: Any]
        case .none: break
        }
        return content.withoutEmptyTexts
    }
}
