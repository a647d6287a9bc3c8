import Administration
import Countersign
import Postgres

/// Receivers of webhooks and how they do, and deliveries with filters that all stand in the address.
enum WebhooksView {
    static func content(
        _ place: ConsolePlace, _ frame: PageFrame, _ connection: inout Connection
    ) async throws -> [String: Any] {
        let now = try await connection.run(ReadClock()).one().time
        let figures = try await frame.background.receiverFigures.value {
            try await WebhookReceiver.figures(&connection)
        }
        let receivers = try await WebhookReceiver.list(portal: frame.portal, figures, &connection)
        let portals = try await frame.portalNames(&connection)
        var content: [String: Any] = [
            "receivers": receivers.prefix(100).map { row($0, now, frame) },
            "hasReceivers": !receivers.isEmpty,
            "others": receivers.count > 100 ? "\(receivers.count - 100) more: filter by portal." : "",
            "filters": place.filters(fields(place, frame, portals)),
            "replay": frame.forms(on: .deliveries(portals: portals)),
        ].withoutEmptyTexts
        do {
            let page = try await WebhookDelivery.page(try DeliveryFilter(place, now, frame), &connection)
            content.merge(list(page, place, now, frame)) { $1 }
        } catch let error as UnreadableInput {
            content["problem"] = "\(error)"
        } catch let error as AdministrationError {
            content["problem"] = "\(error)"
        }
        return content
    }

    private static func row(
        _ receiver: WebhookReceiver, _ now: Timestamp, _ frame: PageFrame
    ) -> [String: Any] {
        let name = receiver.name
        let all = ConsolePlace(.webhooks, ["portal": name.portal, "receiver": name.origin])
        var content: [String: Any] = [
            "portal": name.portal, "origin": name.origin, "address": all.address,
            "fails": receiver.isTripped, "waits": receiver.waiting > 0,
            "waiting": cut(receiver.waiting, at: WebhookReceiver.most),
            "waitingAddress": all.with("state", "waiting").address,
            "error": receiver.lastError ?? "",
        ]
        content.merge(breaker(receiver, now)) { $1 }
        if let figures = receiver.figures {
            content["rate"] = percent(figures.delivered, of: figures.attempts)
            content["attempts"] = grouped(figures.attempts)
            content["p99"] = span(figures.p99)
            if let at = figures.lastError?.at { content["failedAt"] = moment(at, now) }
        }
        if let dead = receiver.dead {
            content["dead"] = "\(dead.count)" + (dead.isCut ? " or more" : "")
            content["deadAddress"] = all.with("state", "dead").address
            content["forms"] = frame.forms(
                on: .deadDeliveries(
                    portal: name.portal, receiver: name.origin, count: dead.count, since: dead.first))
        }
        return content.withoutEmptyTexts
    }

    private static func breaker(_ receiver: WebhookReceiver, _ now: Timestamp) -> [String: Any] {
        guard let breaker = receiver.breaker, receiver.isTripped else {
            return ["breaker": "closed", "tone": "quiet"]
        }
        var content: [String: Any] = [
            "breaker": breaker.state == "half_open" ? "probing" : "open", "tone": "bad",
        ]
        if let since = breaker.failingSince { content["since"] = moment(since, now) }
        if breaker.openUntil > now { content["until"] = moment(breaker.openUntil, now) }
        return content
    }

    private static func list(
        _ page: ListPage<WebhookDelivery>, _ place: ConsolePlace, _ now: Timestamp, _ frame: PageFrame
    ) -> [String: Any] {
        let unfinished = page.items.filter { $0.status != "delivered" }.map(\.transactionID)
        return [
            "deliveries": page.items.map { row($0, now) }, "hasDeliveries": !page.items.isEmpty,
            "isEmpty": page.items.isEmpty && place.isPlain,
            "isUnfit": page.items.isEmpty && !place.isPlain && !page.isCutShort,
            "pages": place.pages(next: page.next, isCutShort: page.isCutShort, now),
            "retry": frame.forms(on: .listedDeliveries(unfinished)),
        ]
    }

    private static func row(_ delivery: WebhookDelivery, _ now: Timestamp) -> [String: Any] {
        var content: [String: Any] = [
            "id": "\(delivery.transactionID)", "portal": delivery.portal ?? "?", "uri": delivery.callbackURI,
            "status": delivery.status, "tone": tone(ofStatus: delivery.status),
            "attempts": delivery.attempts,
            "answer": delivery.status == "delivered" ? "" : delivery.lastWords ?? "",
            "at": moment(delivery.finishedAt ?? delivery.createdAt, now),
        ]
        if delivery.status == "waiting", let next = delivery.nextAt {
            content[next > now ? "next" : "due"] = moment(next, now)
        }
        return content.withoutEmptyTexts
    }

    private static func fields(
        _ place: ConsolePlace, _ frame: PageFrame, _ portals: [String]
    ) -> [[String: Any]] {
        frame.portalField(place, portals) + [
            FilterField.line("receiver", "Receiver", "https://acme.example", place),
            FilterField.choice("state", "State", WebhookDelivery.State.allCases.map(\.rawValue), place),
            FilterField.line("since", "Since", FilterField.timeHint, place),
        ]
    }
}

extension DeliveryFilter {
    /// Throws `UnreadableInput`, which says what may stand there.
    fileprivate init(
        _ place: ConsolePlace, _ now: Timestamp, _ frame: PageFrame
    ) throws(UnreadableInput) {
        self.init()
        (portal, receiver) = (try frame.portal(in: place), place["receiver"]?.lowercased())
        since = try place.time("since", now)
        before = try place.identifier("before")
        if let text = place["state"] {
            guard let state = WebhookDelivery.State(rawValue: text) else {
                let words = WebhookDelivery.State.allCases.map(\.rawValue).joined(separator: ", ")
                throw UnreadableInput("A state is one of \(words)")
            }
            self.state = state
        }
    }
}

/// `99.9 %`, and 100 only when it is all.
private func percent(_ part: Int, of whole: Int) -> String {
    guard whole > 0 else { return "-" }
    let thousandths = part * 1_000 / whole
    return part == whole ? "100 %" : "\(thousandths / 10).\(thousandths % 10) %"
}

/// A count that was not carried on behind that.
private func cut(_ count: Int, at most: Int) -> String {
    count > most ? "over \(grouped(most))" : grouped(count)
}
