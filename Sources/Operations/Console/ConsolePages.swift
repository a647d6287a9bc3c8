import Countersign
import Mustache
import Postgres

/// Who looks, and what every page needs.
struct PageFrame {
    let operatorName: String
    let isAdmin: Bool
    /// In every form.
    let formToken: String
}

/// A page of the console: its address below /console, its title, its template, and what the template shows.
enum ConsolePage: String, CaseIterable, Sendable {
    case queues, portals, requests, webhooks, events, settings

    var title: String { rawValue.prefix(1).uppercased() + rawValue.dropFirst() }

    /// Whether the page follows what happens; a form that somebody fills in must not be replaced meanwhile.
    var isLive: Bool { self != .requests && self != .settings }

    /// The inner part, rendered anew for each update.
    func render(
        _ query: String?, _ frame: PageFrame, _ connection: inout Connection
    ) async throws -> String {
        let content: [String: Any] =
            switch self {
            case .queues: try await QueuesView.content(&connection)
            case .portals: try await PortalsView.content(&connection)
            case .requests: try await RequestView.content(query, &connection)
            case .webhooks: try await WebhooksView.content(&connection)
            case .events: try await EventsView.content(&connection)
            case .settings: try await SettingsView.content(&connection)
            }
        let common: [String: Any] = ["admin": frame.isAdmin, "csrf": frame.formToken, "page": rawValue]
        return templates.render(content.merging(common) { $1 }, withTemplate: rawValue) ?? ""
    }

    /// The whole page around it. `notice` is what an action has answered.
    func frame(_ inner: String, notice: String?, _ frame: PageFrame) -> String {
        let links: [[String: Any]] = Self.allCases.map { page in
            ["address": "/console/\(page.rawValue)", "title": page.title, "current": page == self]
        }
        let content: [String: Any] = [
            "title": title, "page": rawValue, "live": isLive, "links": links, "inner": inner,
            "notice": notice ?? "", "hasNotice": notice != nil, "operator": frame.operatorName,
            "role": frame.isAdmin ? "admin" : "read-only", "csrf": frame.formToken,
        ]
        return templates.render(content, withTemplate: "frame") ?? ""
    }

    static func login(failed: Bool) -> String {
        templates.render(["failed": failed], withTemplate: "login") ?? ""
    }
}

/// Compiled once; a test renders each, so that a mistake in one is found there.
let templates: MustacheLibrary = {
    let compiled = pageTemplates.compactMapValues { try? MustacheTemplate(string: $0) }
    precondition(compiled.count == pageTemplates.count, "a template cannot be read")
    return MustacheLibrary(templates: compiled)
}()
