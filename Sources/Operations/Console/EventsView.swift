import Administration
import Countersign
import Foundation
import Postgres

/// The audit trail, with filters that all stand in the address.
enum EventsView {
    /// Users, who did it and details are for administrators, as for members of countersign_admin on the command line.
    static func content(
        _ place: ConsolePlace, _ frame: PageFrame, _ connection: inout Connection
    ) async throws -> [String: Any] {
        let now = try await connection.run(ReadClock()).one().time
        var content: [String: Any] = [
            "filters": place.filters(try await fields(place, frame, &connection)),
            "export": "/console/export/\(place.with("before", nil).text)",
        ]
        do {
            let filter = try AuditEvent.Filter(place, now, frame)
            let page = try await AuditEvent.page(filter, &connection)
            content["events"] = page.items.map { row($0, now, frame) }
            content["hasEvents"] = !page.items.isEmpty
            content["isEmpty"] = page.items.isEmpty && place.isPlain
            content["isUnfit"] = page.items.isEmpty && !place.isPlain && !page.isCutShort
            content["pages"] = place.pages(next: page.next, isCutShort: page.isCutShort, now)
        } catch let error as UnreadableInput {
            content["problem"] = "\(error)"
        } catch let error as AdministrationError {
            content["problem"] = "\(error)"
        }
        return content
    }

    static func row(_ event: AuditEvent, _ now: Timestamp, _ frame: PageFrame) -> [String: Any] {
        var content: [String: Any] = [
            "id": "\(event.id)", "at": moment(event.occurredAt, now), "type": event.type,
            "of": event.portal ?? event.app ?? "",
        ]
        if let request = event.transactionID { content["request"] = "\(request)" }
        guard frame.isAdmin else { return content }
        content["actor"] = event.actor ?? ""
        content["summary"] = event.summary ?? ""
        if let user = event.userID {
            content["user"] = user
            if let app = event.app {
                content["userAddress"] = ConsolePlace(.users, ["app": app, "user": user]).address
            }
        }
        // What is more than the summary.
        if let details = event.details, details.contains("\"evidence\"") {
            content["details"] = indented(details)
        }
        return content.withoutEmptyTexts
    }

    private static func indented(_ json: String) -> String {
        guard let object = try? JSONSerialization.jsonObject(with: Data(json.utf8)),
            let data = try? JSONSerialization.data(
                withJSONObject: object, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        else { return json }
        return String(decoding: data, as: UTF8.self).replacing("\\n", with: "\n")
    }

    private static func fields(
        _ place: ConsolePlace, _ frame: PageFrame, _ connection: inout Connection
    ) async throws -> [[String: Any]] {
        let types = AuditEvent.types.flatMap { type in
            [type.subject] + type.events.map { "\(type.subject).\($0)" }
        }.filter { $0 != AuditEvent.started }
        var fields = [FilterField.choice("type", "Type", types, place)]
        fields += frame.portalField(place, try await frame.portalNames(&connection))
        if frame.isAdmin { fields.append(FilterField.line("user", "User", "user id", place)) }
        return fields + [
            FilterField.line("transaction", "Transaction id", "of a request", place),
            FilterField.line("since", "Since", FilterField.timeHint, place),
            FilterField.line("until", "Until", FilterField.timeHint, place),
        ]
    }
}

extension AuditEvent.Filter {
    /// Throws `UnreadableInput`, which says what may stand there.
    init(_ place: ConsolePlace, _ now: Timestamp, _ frame: PageFrame) throws(UnreadableInput) {
        guard frame.isAdmin || place["user"] == nil else {
            throw UnreadableInput("Users are for administrators; your account is \(frame.role.rawValue)")
        }
        self.init(limit: 0)
        if let type = place["type"] {
            guard AuditEvent.isType(type) else { throw UnreadableInput("There is no event type '\(type)'") }
            types = [type]
        }
        portal = try frame.portal(in: place)
        userID = place["user"]
        transactionID = try place.identifier("transaction")
        since = try place.time("since", now)
        until = try place.time("until", now)
        before = try place.identifier("before")
    }
}
