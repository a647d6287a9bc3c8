import Administration
import Foundation
import Postgres
import Support
import Testing

/// A browser that has signed in at the console, without a script.
struct SignedIn {
    var browser: Browser
    /// In every form.
    let token: String
    let password: String

    /// With a new account in the current test's database, unless another is given.
    init(
        _ browser: Browser, as role: ConsoleRole = .admin, portal: String? = nil, name: String = "alice",
        in database: ConnectionOptions? = nil
    ) async throws {
        var owner = try await database.connection()
        let password = try await ConsoleAccount.add(name, role, portal: portal, &owner)
        let answer = try await browser.post("/console/login", [("name", name), ("password", password)])
        #expect(answer.status == 303 && answer.header("location") == "/console/overview")
        let cookie = try #require(answer.header("set-cookie"))
        for attribute in ["Secure", "HttpOnly", "SameSite=Strict", "Path=/console"] {
            #expect(cookie.contains("; \(attribute)"))
        }
        self.browser = browser
        self.password = password
        self.browser.cookie = String(cookie.prefix { $0 != ";" })
        let page = try await self.browser.get("/console/requests").body
        token = String(try #require(page.firstMatch(of: /name="csrf" value="([0-9a-f]{64})"/)).output.1)
    }

    func page(_ name: String) async throws -> String { try await browser.get("/console/\(name)").body }

    /// Sends the form of that button as it stands on the page, with what is typed into it. One that no page shows is
    /// sent all the same, as somebody may who has the page of a minute ago.
    func press(
        _ button: String, on page: String, form: String? = nil, typed: [(String, String)] = []
    ) async throws -> Browser.Answer {
        let fields = try await fields(of: button, on: page, form: form, typed: typed)
        return try await browser.post("/console/act", fields + [("action", button)])
    }

    /// What is sent then.
    func fields(
        of button: String, on page: String, form: String?, typed: [(String, String)]
    ) async throws -> [(String, String)] {
        let body = try await self.page(page)
        let shown = try form.flatMap { try Form(id: $0, in: body) }
        var fields = shown?.fields ?? [(name: "csrf", value: token), (name: "page", value: page)]
        if let shown { #expect(shown.action == button) }
        for (name, value) in typed {
            fields.removeAll { $0.name == name }
            fields.append((name, value))
        }
        return fields.map { ($0.name, $0.value) }
    }
}

/// A form of a page, by its button.
struct Form {
    let action: String
    let fields: [(name: String, value: String)]

    init?(id: String, in page: String) throws {
        let start = "<form id=\"form-\(id)\""
        guard let from = page.range(of: start), let to = page[from.upperBound...].range(of: "</form>") else {
            return nil
        }
        let html = page[from.upperBound..<to.lowerBound]
        action = String(try #require(html.firstMatch(of: /name="action" value="([a-z-]+)"/)).output.1)
        fields = html.matches(of: /<(?:input|textarea|select)[^>]* name="([a-z.-]+)"(?: value="([^"]*)")?/)
            .map {
                (String($0.output.1), unescapedHTML(String($0.output.2 ?? "")))
            }
    }
}

func unescapedHTML(_ text: String) -> String {
    [("&quot;", "\""), ("&#39;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")].reduce(text) {
        $0.replacing($1.0, with: $1.1)
    }
}

extension ConnectionOptions? {
    /// To that database, or to the current test's.
    fileprivate func connection() async throws -> Connection {
        guard let self else { return try await Database.current.connect() }
        return try await Connection.open(self)
    }
}
