import Administration
import Postgres

/// A field of a page's filter, as the template `filters` shows it; what it holds stands in the address.
enum FilterField {
    static let timeHint = "2h or 2026-01-31"

    static func choice(
        _ name: String, _ caption: String, _ words: [String], _ place: ConsolePlace
    ) -> [String: Any] {
        // Too many to choose from, or one that is gone: it is typed, and what stands in the address stays.
        let chosen = place[name]
        let isChoice = words.count <= 200 && (chosen.map(words.contains) ?? true)
        guard isChoice else { return line(name, caption, "", place) }
        let options = words.map { ["word": $0, "chosen": $0 == chosen] as [String: Any] }
        return ["name": name, "caption": caption, "isChoice": true, "options": options]
    }

    static func line(
        _ name: String, _ caption: String, _ hint: String, _ place: ConsolePlace
    ) -> [String: Any] {
        ["name": name, "caption": caption, "isChoice": false, "value": place[name] ?? "", "hint": hint]
    }
}

extension PageFrame {
    /// Of which portal something is asked for; who is bound to one is shown nothing else. Throws `UnreadableInput`.
    func portal(in place: ConsolePlace) throws(UnreadableInput) -> String? {
        guard let own = portal else { return place["portal"] }
        guard place["portal"] == nil || place["portal"] == own else {
            throw UnreadableInput("Your account sees portal \(own) only")
        }
        return own
    }

    /// Those to choose from, for who sees more than one; none for others.
    func portalNames(_ connection: inout Connection) async throws -> [String] {
        portal == nil ? try await Portal.list(&connection).map(\.name) : []
    }

    /// The choice of a portal, for who sees more than one.
    func portalField(_ place: ConsolePlace, _ names: [String]) -> [[String: Any]] {
        portal == nil ? [FilterField.choice("portal", "Portal", names, place)] : []
    }
}

extension ConsolePlace {
    /// For the template `filters`.
    func filters(_ fields: [[String: Any]]) -> [String: Any] {
        ["name": page.rawValue, "fields": fields, "isFiltered": !isPlain]
    }

    /// For the template `pages`: links to the newest, and to where the next page begins.
    func pages(next: Identifier?, isCutShort: Bool, _ now: Timestamp) -> [String: Any] {
        var content: [String: Any] = [
            "isLater": self["before"] != nil, "first": with("before", nil).address,
        ]
        guard let next else { return content }
        content[isCutShort ? "further" : "older"] =
            ["address": with("before", "\(next)").address] as [String: Any]
        if isCutShort { content["lookedBack"] = moment(next.time, now) }
        return content
    }

    /// Throws `UnreadableInput`, which says what may stand there.
    func time(_ name: String, _ now: Timestamp) throws(UnreadableInput) -> Timestamp? {
        guard let text = self[name] else { return nil }
        guard let since = try? Since(typed: text) else {
            throw UnreadableInput("\(name == "since" ? "Since" : "Until") is \(Since.allowed)")
        }
        // Ids hold times from 1970 on, and no day of ours is after 2200.
        let end = Timestamp(microseconds: 7_258_118_400_000_000)
        return min(max(since.moment(now), Timestamp(microseconds: 0)), end)
    }

    /// Throws `UnreadableInput`, which says what may stand there.
    func identifier(_ name: String) throws(UnreadableInput) -> Identifier? {
        guard let text = self[name] else { return nil }
        guard let id = Identifier(text) else {
            throw UnreadableInput("A transaction id is a UUID of 36 characters")
        }
        return id
    }
}
