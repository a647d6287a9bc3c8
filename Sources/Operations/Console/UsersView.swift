import Administration
import Countersign
import Postgres

/// One user of an app: devices, sign-ins, refusals, locks.
enum UsersView {
    private static let most = 200

    static func content(
        _ place: ConsolePlace, _ frame: PageFrame, _ connection: inout Connection
    ) async throws -> [String: Any] {
        let now = try await connection.run(ReadClock()).one().time
        let apps = try await App.list(&connection).map(\.name)
        var content: [String: Any] = [
            "filters": place.filters([
                FilterField.choice("app", "App", apps, place),
                FilterField.line("user", "User", "as the app calls them", place),
            ])
        ]
        guard let name = place["user"] else { return content.merging(["isEmpty": true]) { $1 } }
        do {
            guard let app = place["app"] ?? (apps.count == 1 ? apps[0] : nil) else {
                throw UnreadableInput("Choose the app: users of two apps may have the same id")
            }
            let user = try await AppUser.read(name, of: app, most: most, &connection)
            content["life"] = self.user(user, now, frame)
        } catch let error as UnreadableInput {
            content["problem"] = "\(error)"
        } catch let error as AdministrationError {
            content["problem"] = "\(error)"
        }
        return content
    }

    private static func user(_ user: AppUser, _ now: Timestamp, _ frame: PageFrame) -> [String: Any] {
        let refusals = user.events.filter { $0.type == "submission.rejected" }
        var content: [String: Any] = [
            "user": user.user, "ofUser": true, "app": user.app, "facts": facts(user),
            "devices": user.devices.map { EnrollmentsView.row($0, now, frame) },
            "hasDevices": !user.devices.isEmpty,
            "requests": user.requests.prefix(50).map { row($0, now) },
            "hasRequests": !user.requests.isEmpty,
            "refusals": refusals.prefix(50).map { event in
                // Their evidence stands below, with all that happened.
                EventsView.row(event, now, frame).filter { $0.key != "details" }
            },
            "hasRefusals": !refusals.isEmpty,
            "events": user.events.prefix(50).map { EventsView.row($0, now, frame) },
            "hasEvents": !user.events.isEmpty,
            "all": ConsolePlace(.events, ["user": user.user]).address,
            "erase": frame.forms(on: .user(app: user.app, user: user.user)),
        ]
        if let until = user.lockedUntil { content["locked"] = moment(until, now) }
        return content
    }

    private static func facts(_ user: AppUser) -> [[String: Any]] {
        let more = user.events.count == most ? " of the last \(most) events" : ""
        return [
            ("Active devices", "\(user.devices.count { $0.status == "active" })"),
            ("Signed in", "\(user.count("request.authenticated"))\(more)"),
            ("Denied", "\(user.count("request.denied"))"),
            ("Refused", "\(user.count("submission.rejected"))"),
            ("Locked", "\(user.count("enrollment.locked")) times"),
            ("Known browsers", "\(user.browsers.count)"),
        ].map { ["name": $0, "value": $1] }
    }

    private static func row(_ request: AppUser.Request, _ now: Timestamp) -> [String: Any] {
        [
            "id": "\(request.id)", "portal": request.portal ?? "?", "status": request.status,
            "tone": tone(ofStatus: request.status), "asked": moment(request.requestedAt, now),
            "device": request.deviceID ?? "", "reference": request.reference ?? "",
            "took": request.resolvedAt.map { span(request.requestedAt.duration(to: $0)) } ?? "open",
        ]
    }
}
