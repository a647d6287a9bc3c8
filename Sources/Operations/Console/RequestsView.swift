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
            "filters": place.filters(try await fields(place, frame, &connection))
        ]
        do {
            let filter = try RequestFilter(place, now, frame)
            let page = try await RequestSummary.page(filter, &connection)
            content.merge(list(page, place, now, frame)) { $1 }
        } catch let error as UnreadableInput {
            content["problem"] = "\(error)"
        } catch let error as AdministrationError {
            content["problem"] = "\(error)"
        }
        return content
    }

    private static func list(
        _ page: ListPage<RequestSummary>, _ place: ConsolePlace, _ now: Timestamp, _ frame: PageFrame
    ) -> [String: Any] {
        [
            "requests": page.items.map { row($0, now, frame) }, "hasRequests": !page.items.isEmpty,
            "isEmpty": page.items.isEmpty && place.isPlain,
            "pages": place.pages(next: page.next, isCutShort: page.isCutShort, now),
            "isUnfit": page.items.isEmpty && !place.isPlain && !page.isCutShort,
            // Users stand in a list only when somebody looks for one.
            "showsUser": frame.isAdmin && (place["user"] ?? place["device"]) != nil,
        ]
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
        let types = try await AuthenticationType.list(&connection).map(\.name)
        var fields = frame.portalField(place, try await frame.portalNames(&connection))
        fields += [
            FilterField.choice("type", "Type", types, place),
            FilterField.choice("state", "State or end", RequestFilter.State.allCases.map(\.rawValue), place),
            FilterField.line("reference", "Reference", "the portal's own", place),
            FilterField.line("since", "Since", FilterField.timeHint, place),
            FilterField.line("until", "Until", FilterField.timeHint, place),
        ]
        if frame.isAdmin {
            fields += [
                FilterField.line("user", "User", "user id", place),
                FilterField.line("device", "Device", "device id", place),
            ]
        }
        return fields
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
        _ place: ConsolePlace, _ now: Timestamp, _ frame: PageFrame
    ) throws(UnreadableInput) {
        self.init()
        guard frame.isAdmin || (place["user"] == nil && place["device"] == nil) else {
            throw UnreadableInput(
                "Users and devices are for administrators; your account is \(frame.role.rawValue)")
        }
        portal = try frame.portal(in: place)
        (type, reference) = (place["type"], place["reference"])
        (user, device) = (place["user"], place["device"])
        since = try place.time("since", now)
        until = try place.time("until", now)
        if let text = place["state"] {
            guard let state = State(rawValue: text) else {
                let words = State.allCases.map(\.rawValue).joined(separator: ", ")
                throw UnreadableInput("A state is one of \(words)")
            }
            self.state = state
        }
        before = try place.identifier("before")
    }
}
