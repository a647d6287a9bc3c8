import Administration
import Countersign
import Postgres

/// The latest requests, with filters that all stand in the address.
enum RequestsView {
    static func content(
        _ place: ConsolePlace, _ frame: PageFrame, _ connection: inout Connection
    ) async throws -> [String: Any] {
        let now = try await connection.run(ReadClock()).one().time
        var content: [String: Any] = [
            "fields": try await fields(place, frame, &connection), "isFiltered": !place.isPlain,
        ]
        do {
            let filter = try RequestFilter(place, now, isAdmin: frame.isAdmin)
            let page = try await RequestPage.find(filter, &connection)
            content.merge(list(page, place, now, frame)) { $1 }
        } catch let error as UnreadableInput {
            content["problem"] = "\(error)"
        } catch let error as AdministrationError {
            content["problem"] = "\(error)"
        }
        return content
    }

    private static func list(
        _ page: RequestPage, _ place: ConsolePlace, _ now: Timestamp, _ frame: PageFrame
    ) -> [String: Any] {
        var content: [String: Any] = [
            "requests": page.requests.map { row($0, now, frame) }, "hasRequests": !page.requests.isEmpty,
            "isEmpty": page.requests.isEmpty && place.isPlain, "isLater": place["before"] != nil,
            "isUnfit": page.requests.isEmpty && !place.isPlain && !page.isCutShort,
            "first": place.with("before", nil).address,
            // Users stand in a list only when somebody looks for one.
            "showsUser": frame.isAdmin && (place["user"] ?? place["device"]) != nil,
        ]
        if let next = page.next {
            let key = page.isCutShort ? "further" : "older"
            content[key] = ["address": place.with("before", "\(next)").address] as [String: Any]
        }
        if page.isCutShort, let end = page.next?.time {
            content["lookedBack"] = moment(end, now)
        }
        return content
    }

    private static func row(_ request: RequestSummary, _ now: Timestamp, _ frame: PageFrame) -> [String: Any]
    {
        [
            "id": "\(request.id)", "portal": request.portal ?? "?", "type": request.type,
            "status": request.status, "tone": tone(ofStatus: request.status),
            "reference": request.reference ?? "", "asked": moment(request.requestedAt, now),
            "code": request.issuedAt.map { span(request.requestedAt.duration(to: $0)) } ?? "-",
            "took": request.resolvedAt.map { span(request.requestedAt.duration(to: $0)) } ?? "open",
            "user": frame.isAdmin ? request.userID ?? "" : "", "webhook": request.delivery ?? "",
            "isDead": request.delivery == "dead",
        ]
    }

    private static func fields(
        _ place: ConsolePlace, _ frame: PageFrame, _ connection: inout Connection
    ) async throws -> [[String: Any]] {
        let portals = try await Portal.list(&connection).map(\.name)
        let types = try await AuthenticationType.list(&connection).map(\.name)
        let time = "2h or 2026-01-31T12:00:00Z"
        var fields = [
            choice("portal", "Portal", portals, place), choice("type", "Type", types, place),
            choice("state", "State or end", RequestFilter.State.allCases.map(\.rawValue), place),
            line("reference", "Reference", "the portal's own", place),
            line("since", "Since", time, place), line("until", "Until", time, place),
        ]
        if frame.isAdmin {
            fields += [line("user", "User", "user id", place), line("device", "Device", "device id", place)]
        }
        return fields
    }

    private static func choice(
        _ name: String, _ caption: String, _ words: [String], _ place: ConsolePlace
    ) -> [String: Any] {
        // Too many to choose from, or one that is gone: it is typed, and what stands in the address stays.
        let chosen = place[name]
        let isChoice = words.count <= 200 && (chosen.map(words.contains) ?? true)
        guard isChoice else { return line(name, caption, "", place) }
        let options = words.map { ["word": $0, "chosen": $0 == chosen] as [String: Any] }
        return ["name": name, "caption": caption, "isChoice": true, "options": options]
    }

    private static func line(
        _ name: String, _ caption: String, _ hint: String, _ place: ConsolePlace
    ) -> [String: Any] {
        ["name": name, "caption": caption, "isChoice": false, "value": place[name] ?? "", "hint": hint]
    }
}

/// The style of a request's state: what has gone well, what goes on, and what somebody may ask about.
func tone(ofStatus status: String) -> String {
    switch status {
    case "authenticated", "accepted", "delivered", "closed": "good"
    case "failed", "dead", "rejected", "open": "bad"
    case "denied": "warm"
    case "expired", "cancelled": "quiet"
    default: "busy"
    }
}

extension RequestFilter {
    /// Throws `UnreadableInput`, which says what may stand there.
    fileprivate init(
        _ place: ConsolePlace, _ now: Timestamp, isAdmin: Bool
    ) throws(UnreadableInput) {
        self.init()
        guard isAdmin || (place["user"] == nil && place["device"] == nil) else {
            throw UnreadableInput("Users and devices are for administrators; your account only looks")
        }
        (portal, type, reference) = (place["portal"], place["type"], place["reference"])
        (user, device) = (place["user"], place["device"])
        since = try Self.time(place, "since", now)
        until = try Self.time(place, "until", now)
        if let text = place["state"] {
            guard let state = State(rawValue: text) else {
                let words = State.allCases.map(\.rawValue).joined(separator: ", ")
                throw UnreadableInput("A state is one of \(words)")
            }
            self.state = state
        }
        if let text = place["before"] {
            guard let id = Identifier(text) else {
                throw UnreadableInput("A transaction id is a UUID of 36 characters")
            }
            before = id
        }
    }

    private static func time(
        _ place: ConsolePlace, _ name: String, _ now: Timestamp
    ) throws(UnreadableInput) -> Timestamp? {
        guard let text = place[name] else { return nil }
        guard let since = try? Since(typed: text) else {
            throw UnreadableInput("\(name == "since" ? "Since" : "Until") is \(Since.allowed)")
        }
        // Ids hold times from 1970 on, and no day of ours is after 2200.
        let end = Timestamp(microseconds: 7_258_118_400_000_000)
        return min(max(since.moment(now), Timestamp(microseconds: 0)), end)
    }
}
