import Administration
import Countersign
import Postgres

/// Devices that may answer, with filters that all stand in the address.
enum EnrollmentsView {
    static func content(
        _ place: ConsolePlace, _ frame: PageFrame, _ connection: inout Connection
    ) async throws -> [String: Any] {
        let now = try await connection.run(ReadClock()).one().time
        let apps = try await App.list(&connection).map(\.name)
        var content: [String: Any] = [
            "filters": place.filters([
                FilterField.choice("app", "App", apps, place),
                FilterField.line("user", "User", "user id", place),
                FilterField.line("device", "Device", "device id", place),
                FilterField.choice("status", "State", Enrollment.statuses, place),
            ]), "revoke": frame.forms(on: .enrollments),
        ]
        do {
            var filter = Enrollment.Filter(
                app: place["app"], userID: place["user"], status: place["status"], limit: 0)
            filter.deviceID = place["device"]
            if let status = place["status"], !Enrollment.statuses.contains(status) {
                throw UnreadableInput("A state is one of \(Enrollment.statuses.joined(separator: ", "))")
            }
            filter.before = try place.identifier("before")
            let page = try await Enrollment.page(filter, &connection)
            content["devices"] = page.items.map { row($0, now, frame) }
            content["hasDevices"] = !page.items.isEmpty
            content["isEmpty"] = page.items.isEmpty && place.isPlain
            content["isUnfit"] = page.items.isEmpty && !place.isPlain && !page.isCutShort
            content["pages"] = place.pages(next: page.next, isCutShort: page.isCutShort, now)
        } catch let error as UnreadableInput {
            content["problem"] = "\(error)"
        }
        return content
    }

    static func row(_ enrollment: Enrollment, _ now: Timestamp, _ frame: PageFrame) -> [String: Any] {
        var content: [String: Any] = [
            "id": "\(enrollment.id)", "user": enrollment.userID, "app": enrollment.app,
            "userAddress": ConsolePlace(.users, ["app": enrollment.app, "user": enrollment.userID]).address,
            "device": enrollment.deviceID, "name": enrollment.deviceName ?? "",
            "platform": enrollment.platform ?? "", "status": enrollment.status,
            "tone": enrollment.status == "active"
                ? "good" : enrollment.status == "pending" ? "busy" : "quiet",
            "reason": enrollment.reason ?? "", "made": moment(enrollment.createdAt, now),
            "forms": frame.forms(on: .enrollment(enrollment)),
        ]
        if let until = enrollment.lockedUntil { content["locked"] = moment(until, now) }
        if let until = enrollment.heldUntil { content["held"] = moment(until, now) }
        if let revoked = enrollment.revokedAt { content["revoked"] = moment(revoked, now) }
        return content.withoutEmptyTexts
    }
}
