import Administration
import Countersign
import HTTPService
import Mustache
import Postgres

/// Who looks, and what every page needs.
struct PageFrame {
    let operatorName: String
    let isAdmin: Bool
    /// In every form.
    let formToken: String
    let background: ConsoleBackground
    var refusal: Refusal?

    /// Every action's button beside that, for a template; none for who only looks.
    func forms(on subject: ActionSubject) -> [[String: Any]] {
        guard isAdmin else { return [] }
        return operatorActions.compactMap { ConsoleForm($0, on: subject)?.content(refusal) }
    }

    /// That action's alone.
    func form(of action: any OperatorAction.Type, on subject: ActionSubject) -> [String: Any]? {
        isAdmin ? ConsoleForm(action, on: subject)?.content(refusal) : nil
    }
}

/// A page of the console: its address below /console, its title, its template, and what the template shows.
enum ConsolePage: String, CaseIterable, Sendable {
    case overview, queues, portals, apps, requests, webhooks, events, settings, account

    var title: String { rawValue.prefix(1).uppercased() + rawValue.dropFirst() }

    /// `next` is the page that was asked for.
    static func login(problem: String? = nil, next: ConsolePlace? = nil) -> String {
        let content: [String: Any] = [
            "problem": problem ?? "", "hasProblem": problem != nil, "next": next?.text ?? "",
            "plain": Console.plain,
        ]
        return templates.render(content, withTemplate: "login") ?? ""
    }
}

extension ConsolePlace {
    /// Whether the page follows what happens. A list of requests stands still while somebody reads it.
    var isLive: Bool {
        switch page {
        case .requests: self["id"] != nil
        case .webhooks: self["before"] == nil
        case .settings, .account: false
        default: true
        }
    }

    /// The inner part, rendered anew for each update.
    func render(_ frame: PageFrame, _ connection: inout Connection) async throws -> String {
        let (template, content) = try await content(frame, &connection)
        let common: [String: Any] = ["admin": frame.isAdmin, "csrf": frame.formToken, "page": text]
        return templates.render(content.merging(common) { $1 }, withTemplate: template) ?? ""
    }

    private func content(
        _ frame: PageFrame, _ connection: inout Connection
    ) async throws -> (template: String, [String: Any]) {
        if page == .requests, let id = self["id"] {
            return ("request", try await RequestView.content(id, frame, &connection))
        }
        let content: [String: Any] =
            switch page {
            case .overview: try await OverviewView.content(self, frame, &connection)
            case .queues: try await QueuesView.content(frame, &connection)
            case .portals: try await PortalsView.content(frame, &connection)
            case .apps: try await AppsView.content(frame, &connection)
            case .requests: try await RequestsView.content(self, frame, &connection)
            case .webhooks: try await WebhooksView.content(self, frame, &connection)
            case .events: try await EventsView.content(frame, &connection)
            case .settings: try await SettingsView.content(frame, &connection)
            case .account: try await AccountView.content(frame, &connection)
            }
        return (page.rawValue, content)
    }

    /// The whole page around it. `notice` is what an action has answered.
    func frame(_ inner: String, notice: String?, _ frame: PageFrame) -> String {
        let links: [[String: Any]] = ConsolePage.allCases.filter { $0 != .account }.map { link in
            ["address": "/console/\(link.rawValue)", "title": link.title, "current": link == page]
        }
        let content: [String: Any] = [
            "title": (frame.refusal == nil ? "" : "Not done - ") + page.title, "page": urlEscaped(text),
            "source": "/console/live/\(text)", "live": isLive,
            "links": links, "inner": inner, "notice": notice ?? "", "hasNotice": notice != nil,
            "operator": frame.operatorName, "role": frame.isAdmin ? "admin" : "read-only",
            "csrf": frame.formToken, "onAccount": page == .account,
        ]
        return templates.render(content, withTemplate: "frame") ?? ""
    }
}

/// The files of `Templates` by their names, compiled once; a test renders each, so that a mistake in one is found
/// there. `{{...}}` inserts a text, escaped; `{{{...}}}` is HTML of our own.
let templates: MustacheLibrary = {
    MustacheContentTypes.register(EscapedHTML(), named: EscapedHTML.name)
    let folder = "Console/Templates/"
    let files = EmbeddedFiles.all.filter { $0.path.hasPrefix(folder) }
    let compiled = files.compactMap { path, text in
        (try? MustacheTemplate(string: EscapedHTML.pragma + text)).map {
            (String(path.dropFirst(folder.utf8.count).prefix { $0 != "." }), $0)
        }
    }
    precondition(compiled.count == files.count, "a template cannot be read")
    return MustacheLibrary(templates: Dictionary(uniqueKeysWithValues: compiled))
}()

/// Takes the place of Mustache's own escaping, which goes by characters and lets `<` before a combining mark through.
private struct EscapedHTML: MustacheContentType {
    static let name = "ESCAPED"
    /// Partials do not inherit it: every template begins with it.
    static let pragma = "{{% CONTENT_TYPE:ESCAPED}}"

    func escapeText(_ text: String) -> String { htmlText(text) }
}
