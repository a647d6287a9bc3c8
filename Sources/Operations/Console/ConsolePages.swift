import Administration
import Countersign
import HTTPService
import Mustache
import Postgres

/// Who looks, and what every page needs.
struct PageFrame {
    let operatorName: String
    let role: ConsoleRole
    /// Of a viewer who sees only what is that portal's.
    let portal: String?
    /// In every form.
    let formToken: String
    let background: ConsoleBackground
    /// Whether it is for a page that follows by itself.
    var follows = false
    var refusal: Refusal?

    /// Whether users are seen, and what is configured is changed.
    var isAdmin: Bool { role == .admin }

    /// The button of every action beside that which the account may do, for a template.
    func forms(on subject: ActionSubject) -> [[String: Any]] {
        operatorActions.filter { $0.role <= role }.compactMap {
            ConsoleForm($0, on: subject)?.content(refusal)
        }
    }

    func shows(_ page: ConsolePage) -> Bool {
        portal == nil ? page.role <= role : page.isForBoundViewers
    }

    /// Fails with 403 or, for who is bound to a portal, with 404.
    func check(_ page: ConsolePage) throws(Problem) {
        guard shows(page) else { throw portal == nil ? Console.forAdmins : Console.noPage }
    }

    /// That action's alone.
    func form(of action: any OperatorAction.Type, on subject: ActionSubject) -> [String: Any]? {
        action.role <= role ? ConsoleForm(action, on: subject)?.content(refusal) : nil
    }
}

/// A page of the console: its address below /console, its title, its template, and what the template shows.
enum ConsolePage: String, CaseIterable, Sendable {
    case overview, queues, workers, doctor, requests, webhooks, events, users, enrollments, portals, apps,
        settings, accounts, account

    /// Who may look at it.
    var role: ConsoleRole {
        switch self {
        case .users, .enrollments, .accounts: .admin
        default: .viewer
        }
    }

    /// Whether it shows nothing but what is a portal's, of which a viewer may be bound to one.
    var isForBoundViewers: Bool {
        switch self {
        case .requests, .webhooks, .events, .account: true
        default: false
        }
    }

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
        case .webhooks, .events: self["before"] == nil
        case .settings, .account, .accounts, .users, .enrollments: false
        default: true
        }
    }

    /// The inner part, rendered anew for each update.
    ///
    /// - Parameter until: of a standby, what it has at least.
    func render(
        _ frame: PageFrame, until: Timestamp? = nil, _ connection: inout Connection
    ) async throws -> String {
        try frame.check(page)
        let (template, content) = try await content(frame, &connection)
        var common: [String: Any] = [
            "admin": frame.isAdmin, "acts": frame.role > .viewer, "csrf": frame.formToken, "page": text,
        ]
        if let until { common["until"] = shown(until) }
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
            case .workers: try await WorkersView.content(frame, &connection)
            case .doctor: try await DoctorView.content(frame, &connection)
            case .users: try await UsersView.content(self, frame, &connection)
            case .enrollments: try await EnrollmentsView.content(self, frame, &connection)
            case .accounts: try await AccountsView.content(frame, &connection)
            case .portals: try await PortalsView.content(frame, &connection)
            case .apps: try await AppsView.content(frame, &connection)
            case .requests: try await RequestsView.content(self, frame, &connection)
            case .webhooks: try await WebhooksView.content(self, frame, &connection)
            case .events: try await EventsView.content(self, frame, &connection)
            case .settings: try await SettingsView.content(self, frame, &connection)
            case .account: try await AccountView.content(frame, &connection)
            }
        return (page.rawValue, content)
    }

    /// The whole page around it. `notice` is what an action has answered.
    func frame(_ inner: String, notice: String?, _ frame: PageFrame) -> String {
        let content: [String: Any] = [
            "title": (frame.refusal == nil ? "" : "Not done - ") + page.title, "page": urlEscaped(text),
            "source": "/console/live/\(text)", "live": isLive,
            "groups": page.links(frame), "inner": inner, "notice": notice ?? "", "hasNotice": notice != nil,
            "operator": frame.operatorName,
            "role": frame.portal.map { "viewer of \($0)" } ?? frame.role.rawValue,
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

/// A sentence as HTML, for `{{{...}}}`: what stands in it between backticks is code.
func prose(_ sentence: String) -> String {
    let parts = htmlText(sentence).split(separator: "`", omittingEmptySubsequences: false)
    guard parts.count % 2 == 1 else { return htmlText(sentence) }
    return parts.enumerated().map { $0 % 2 == 0 ? String($1) : "<code>\($1)</code>" }.joined()
}

/// Takes the place of Mustache's own escaping, which goes by characters and lets `<` before a combining mark through.
private struct EscapedHTML: MustacheContentType {
    static let name = "ESCAPED"
    /// Partials do not inherit it: every template begins with it.
    static let pragma = "{{% CONTENT_TYPE:ESCAPED}}"

    func escapeText(_ text: String) -> String { htmlText(text) }
}
