import Administration
import Countersign
import Foundation
import HTTPService
import Operations
import Postgres
import Support
import Testing

/// The console in a real Chromium, driven through WebDriver: narrow, dark, by keyboard, and live.
@Suite(.database) struct BrowserTests {
    static let pages = [
        "overview", "queues", "workers", "doctor", "requests", "request", "webhooks", "events", "users",
        "user", "enrollments", "portals", "apps", "settings", "settings?subject=types",
        "settings?subject=callbacks", "settings?subject=logs", "accounts", "account", "nowhere",
    ]

    /// Something of everything that a page can show, and an account.
    private func arrange() async throws -> String {
        _ = try await ConsolePortal.make()
        _ = try await ConsolePortal.make("a-portal-whose-name-has-no-place-to-break")
        var owner = try await Database.current.connect()
        try await owner.execute(
            """
            INSERT INTO countersign.queue_history (minute, stage, waiting, done)
            SELECT date_trunc('minute', clock_timestamp()) - n * interval '1 minute', stage, (n * 37 + length(stage) * 7) % 29,
                   (n * 37) % 91
            FROM generate_series(0, 59) n, countersign.stage_controls WHERE n NOT BETWEEN 20 AND 25;
            INSERT INTO countersign.workers (worker_id, heartbeat_at, process_id, program, host) VALUES
                ('0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f', clock_timestamp() + interval '1 hour', 4711, 5,
                 'worker-1.internal.acme.example');
            INSERT INTO countersign.worker_stages (worker_id, stage)
            SELECT '0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f', s.stage FROM countersign.stage_controls s;
            INSERT INTO countersign.auth_requests (portal_id, auth_type, callback_uri)
            SELECT portal_id, 'qr-code', 'http://127.0.0.1:9/cb' FROM countersign.portals;
            SELECT countersign.end_requests(array_agg(transaction_id), array_agg('cancelled'::text))
            FROM countersign.auth_requests;
            UPDATE countersign.webhook_deliveries SET status = 'dead', attempts = 3, finished_at = clock_timestamp()
            WHERE transaction_id = (SELECT min(transaction_id::text)::uuid FROM countersign.webhook_deliveries);
            UPDATE countersign.dead_deliveries SET died_at = clock_timestamp() - interval '7 min';
            INSERT INTO countersign.webhook_attempts (transaction_id, attempt, started_at, duration_ms, status_code,
                error_class, detail, body)
            SELECT transaction_id, n, clock_timestamp() - interval '8 min', 31, 503, 'status', 'it answered 503',
                   'Service Unavailable' FROM countersign.webhook_deliveries, generate_series(1, 3) n WHERE status = 'dead';
            INSERT INTO countersign.webhook_endpoints (portal_id, origin, state, changed_at, open_until, failing_since, reason)
            SELECT portal_id, 'https://login.shop-of-acme.example:8443', 'open', now(), now() + interval '1 min',
                   now() - interval '3 min', 'timeout' FROM countersign.portals WHERE name = 'acme';
            INSERT INTO countersign.auth_requests (portal_id, auth_type, callback_uri, reference)
            SELECT portal_id, 'qr-code', 'http://127.0.0.1:9/cb', 'session-' || n || '-of-the-web-shop'
            FROM countersign.portals, generate_series(1, 20) n;
            INSERT INTO countersign.sign_in_history (minute, asked, authenticated, denied, expired, cancelled, failed,
                delivered, undelivered, dead, code_times, answer_times)
            SELECT date_trunc('minute', clock_timestamp()) - n * interval '1 minute', 90, 60 + (n * 37) % 31, n % 5,
                   7 + n % 11, n % 3, (n = 30)::integer, 70 + (n * 37) % 31, CASE WHEN n < 9 THEN 20 - n ELSE n % 2 END,
                   (n = 7)::integer,
                   array_fill(0, ARRAY[3]) || ARRAY[20, 60, 9 + n % 4, n % 3] || array_fill(0, ARRAY[33]),
                   array_fill(0, ARRAY[22]) || ARRAY[5, 9, 20 + n % 7, 14, 9, n % 4, 1] || array_fill(0, ARRAY[11])
            FROM generate_series(1, 59) n WHERE n NOT BETWEEN 20 AND 25;
            INSERT INTO countersign.apps (login, name) VALUES ('mobile', 'mobile');
            INSERT INTO countersign.enrollments (enrollment_id, app_id, user_id, device_id, device_name, platform, status,
                locked_until)
            SELECT '0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f', app_id, 'zaphod', 'phone-42', 'Pixel of Zaphod', 'android',
                   'active', clock_timestamp() + interval '9 min' FROM countersign.apps;
            INSERT INTO countersign.events (type, app_id, user_id, enrollment_id, transaction_id, details)
            SELECT 'submission.rejected', app_id, 'zaphod', '0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f',
                   (SELECT min(transaction_id::text)::uuid FROM countersign.auth_requests),
                   '{"reason": "unknown_code", "evidence": {"signed": "countersign-v1"}}' FROM countersign.apps;
            INSERT INTO countersign.operators (name, role, password_hash, second_factor)
            VALUES ('bob-who-watches-at-night', 'viewer', '', '\\x00')
            """)
        return try await ConsoleAccount.add("alice", .admin, &owner)
    }

    private func signIn(_ tab: Chromium.Tab, _ browser: Browser, _ password: String) async throws {
        try await tab.go(to: "\(browser.base)/console/queues")
        // By keyboard alone: the name has the focus.
        try await tab.type("alice\t\(password)\n")
        try await eventually("it has signed in") {
            try await tab.address().hasSuffix("/console/queues")
        }
    }

    @Test func `a night watch on a small screen`() async throws {
        let password = try await arrange()
        try await act("portal pause", "acme")
        var owner = try await Database.current.connect()
        let id = try await owner.execute(
            "SELECT transaction_id FROM countersign.webhook_deliveries WHERE status = 'dead'")[0].identifier(
                0)
        let axe = try Axe()
        let admin = try await Database.current.makeLogin("admin", in: .admin)
        try await withOperations(Database.current.options(login: admin)) { browser in
            try await Chromium.run { chromium in
                let tab = try await chromium.tab("about:blank", width: 1_280)
                try await signIn(tab, browser, password)
                for (width, dark) in [(360, false), (1280, false), (360, true), (1280, true)] {
                    try await tab.prefer(dark: dark)
                    for page in Self.pages {
                        try await tab.resize(width: width, height: 780)
                        let query =
                            page == "request"
                            ? "s?id=\(id)" : page == "user" ? "s?app=mobile&user=zaphod" : ""
                        try await tab.go(to: "\(browser.base)/console/\(page)\(query)")
                        let name = page.replacing("?subject=", with: "-")
                        let what = "\(name)-\(width)\(dark ? "-dark" : "")"
                        // With every question open.
                        _ = try await tab.script(
                            "document.querySelectorAll('details').forEach((d) => { d.open = true })")
                        let wide =
                            try await tab.script(
                                "return document.documentElement.scrollWidth") as? Int
                        #expect(
                            wide.map { $0 <= width } == true, "\(what) is \(String(describing: wide)) wide")
                        let faults = try await tab.script(Accessibility.faults) as? [String]
                        #expect(faults == [], "\(what)")
                        if width == 1_280 || !dark {
                            let violations = try await axe.violations(in: tab)
                            #expect(violations == [], "\(what)")
                        }
                        _ = try await tab.script(
                            "document.querySelectorAll('details').forEach((d) => { d.open = false })")
                        try await keep(try await tab.wholePage("\(what)", width: width), what)
                    }
                }
                try await confirm(tab, browser)
                let violations = try await tab.log().filter { $0.contains("Content Security Policy") }
                #expect(violations == [])
            }
        }
    }

    @Test func `times are shown as one chooses, and that is kept`() async throws {
        let password = try await arrange()
        try await withOperations { browser in
            try await Chromium.run { chromium in
                let tab = try await chromium.tab("about:blank", width: 1_280)
                try await signIn(tab, browser, password)
                try await tab.go(to: "\(browser.base)/console/requests")
                let title = "document.querySelector('main time').title"
                let exact = try await tab.value(title)
                #expect(exact.hasSuffix(" UTC"))
                _ = try await tab.script("document.getElementById('zone').click()")
                #expect(try await tab.value(title) != exact)
                try await tab.reload()
                #expect(try await tab.value("document.getElementById('zone').textContent") == "Show UTC")
                _ = try await tab.script("document.getElementById('zone').click()")
                #expect(try await tab.value(title).hasSuffix(" UTC"))
            }
        }
    }

    /// Where whoever changes the style looks at it: `.build/screenshots`.
    private func keep(_ picture: Data, _ name: String) async throws {
        let folder = Checkout.root.appending(path: ".build/screenshots")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try picture.write(to: folder.appending(path: "\(name).png"))
    }

    /// A question opens beside its button, moves nothing, and is closed by Escape.
    private func confirm(_ tab: Chromium.Tab, _ browser: Browser) async throws {
        for width in [1_280, 360] {
            try await tab.prefer(dark: false)
            try await tab.resize(width: width, height: 780)
            try await tab.go(to: "\(browser.base)/console/settings")
            let place = "document.querySelectorAll('main tr')[3].getBoundingClientRect().top"
            let before = try await tab.value(place)
            _ = try await tab.script("document.querySelector('details.ask summary').click()")
            #expect(try await tab.value(place) == before)
            #expect(try await tab.script(Accessibility.faults) as? [String] == [])
            try await keep(try await tab.screenshot("confirm-\(width)"), "confirm-\(width)")
            try await tab.type("\u{E00C}")
            #expect(try await tab.value("document.querySelector('details.ask').open") == "false")
        }
    }

    @Test func `a second factor is set up with an authenticator, by keyboard`() async throws {
        let password = try await arrange()
        try await withOperations { browser in
            try await Chromium.run { chromium in
                let tab = try await chromium.tab("about:blank", width: 1_280)
                try await signIn(tab, browser, password)
                try await tab.go(to: "\(browser.base)/console/account")
                let address = try await zbar(try await tab.screenshot("account"), "png")
                let secret = try await tab.value("document.querySelector('[name=secret]').value")
                let factor = try #require(TimeCode(base32: secret))
                #expect(address == factor.address("alice"))
                func code(_ later: UInt64 = 0) async throws -> String {
                    var owner = try await Database.current.connect()
                    let now = try await owner.execute("SELECT extract(epoch FROM clock_timestamp())::bigint")[
                        0
                    ]
                    .int(0)
                    return factor.code(of: UInt64(now / TimeCode.step) + later)
                }
                _ = try await tab.script("document.getElementById('second-factor-code').focus()")
                try await tab.type("000000\t\(password)\n")
                try await eventually("it is refused") {
                    try await tab.value("document.body.innerText").contains("that was not the code")
                }
                #expect(try await tab.script(Accessibility.faults) as? [String] == [])
                try await tab.wholePage("account-refused", width: 360)
                try await tab.type("\(try await code())\t\(password)\n")
                try await eventually("it is set up") {
                    try await tab.value("document.body.innerText").contains(
                        "your account has a second factor")
                }
                try await tab.wholePage("account-done", width: 1_280)
                _ = try await tab.script("document.querySelector('header button').click()")
                try await eventually("it has signed out") {
                    try await tab.value("document.body.innerText").contains("Code of the second factor")
                }
                #expect(try await tab.script(Accessibility.faults) as? [String] == [])
                for dark in [false, true] {
                    try await tab.prefer(dark: dark)
                    for width in [360, 1_280] {
                        try await tab.wholePage("login-\(width)-\(dark)", width: width)
                    }
                }
                try await tab.type("alice\t\(password)\t\(try await code(1))\n")
                try await eventually("it is in") { try await tab.address().hasSuffix("/console/overview") }
            }
        }
    }

    @Test func `over plain HTTP on a name the page says so before a password is typed`() async throws {
        let password = try await arrange()
        try await withOperations(configure: {
            $0.http.hosts = AllowedHosts($0.http.listen, more: ["ops.test"])
        }) { browser in
            try await Chromium.run { chromium in
                let port = browser.base.split(separator: ":").last ?? ""
                let tab = try await chromium.tab("http://ops.test:\(port)/console/login", width: 1_280)
                func says() async throws -> Bool {
                    try await tab.value("document.body.innerText").contains(
                        "this page was opened over plain HTTP")
                }
                try await eventually("it says so") { try await says() }
                try await tab.wholePage("login-plain", width: 360)
                _ = try await tab.script("document.getElementById('plain').remove()")
                try await tab.type("alice\t\(password)\t\n")
                try await eventually("the server says so, too") { try await says() }
                try await tab.go(to: "\(browser.base)/console/login")
                #expect(try await !says(), "on the machine itself")
            }
        }
    }

    @Test func `the page follows what happens and disturbs nobody`() async throws {
        let password = try await arrange()
        let admin = try await Database.current.makeLogin("admin", in: .admin)
        try await withOperations(Database.current.options(login: admin)) { browser in
            try await Chromium.run { chromium in
                let tab = try await chromium.tab("about:blank", width: 1_280)
                try await signIn(tab, browser, password)
                func shows(_ text: String) async throws -> Bool {
                    try await tab.script("return document.body.innerText.includes('\(text)')") as? Bool
                        == true
                }
                /// Does it, and waits until the page says so.
                func change(_ command: String, _ stage: String, _ text: String) async throws {
                    try await act(command, stage)
                    try await eventually("the page says \(text)") { try await shows(text) }
                }
                try await eventually("it is live") { try await shows("Live.") }
                try await change("stage pause", "validate", "Paused stage: validate")

                // The focus stays on its button, and an opened question stays open.
                _ = try await tab.script(
                    """
                    document.getElementById('stage-batch-size-expire-size').value = '7';
                    document.getElementById('stage-pause-issue').focus();
                    """)
                try await change("stage pause", "enroll", "Paused stage: enroll, validate")
                #expect(
                    try await tab.script("return document.activeElement.id") as? String
                        == "stage-pause-issue")
                let kept = "return document.getElementById('stage-batch-size-expire-size').value"
                #expect(try await tab.script(kept) as? String == "7")
                let outline = "return getComputedStyle(document.activeElement).outlineStyle"
                try await tab.type("\t")
                #expect(try await tab.script(outline) as? String == "solid")

                // Nothing moves under somebody who types.
                _ = try await tab.script("document.getElementById('stage-batch-size-issue-size').focus()")
                try await tab.type("999999")
                try await act("stage pause", "dispatch")
                try await eventually("it waits") { try await shows("Waiting while you type.") }
                #expect(try await !shows("enroll, validate, dispatch"))

                // What is refused stands beside its form, with the focus on what was typed.
                try await tab.type("\n")
                try await eventually("it is refused") {
                    try await shows("a batch size must lie between 1 and 1000")
                }
                let refused =
                    "return [document.activeElement.id, document.activeElement.value, document.title]"
                #expect(
                    try await tab.script(refused) as? [String]
                        == ["stage-batch-size-issue-size", "999999", "Not done - Queues - Countersign"])
                #expect(try await tab.script(Accessibility.faults) as? [String] == [])
                try await tab.wholePage("queues-refused", width: 1_280)
                _ = try await tab.script("document.activeElement.blur()")
                try await change("stage resume", "enroll", "Paused stage: validate, dispatch")
                #expect(try await shows("a batch size must lie between 1 and 1000"))

                _ = try await tab.script("document.getElementById('stage-pause-issue').focus()")
                try await tab.type("\n")
                try await eventually("Enter has pressed it") { try await shows("stage issue is paused") }

                // Selected text stays selected.
                _ = try await tab.script(
                    "getSelection().selectAllChildren(document.querySelector('main table'))")
                try await act("stage pause", "expire")
                try await eventually("it waits") { try await shows("Waiting while text is selected.") }
                #expect(try await tab.value("getSelection().toString()").contains("validate"))
                _ = try await tab.script("getSelection().removeAllRanges()")
                try await eventually("it goes on") {
                    try await shows("Paused stage: issue, validate, expire")
                }

                // An opened question stays open.
                try await tab.go(to: "\(browser.base)/console/portals")
                try await eventually("it is live") { try await shows("Live.") }
                _ = try await tab.script("document.querySelector('details.ask').open = true")
                try await act("portal pause", "acme")
                try await eventually("the page says so") { try await shows("paused") }
                #expect(try await tab.value("document.querySelector('details.ask').open") == "true")

                try await tab.go(to: "\(browser.base)/console/queues")
                var owner = try await Database.current.connect()
                try await owner.execute("DELETE FROM countersign.operator_sessions")
                try await eventually("it says so") {
                    try await shows("Your session is over")
                }
                try await tab.wholePage("queues-over", width: 1_280)
                _ = try await tab.script("document.querySelector('#over a').click()")
                try await eventually("it may sign in again") { try await shows("Password") }
                try await tab.type("alice\t\(password)\n")
                try await eventually("it is back") { try await shows("Needs attention") }
            }
        }
    }
}

/// What can be seen of WCAG 2.2 AA by looking at a page with its styles.
private enum Accessibility {
    /// A function's body: a list of faults. Contrast of text (1.4.3) and of what can be used (1.4.11), names and labels
    /// (4.1.2, 1.3.1), size of targets (2.5.8).
    static let faults = #"""
        const channels = (text) => (text.match(/[\d.]+/g) || []).map(Number);
        const light = ([r, g, b]) => {
            const [x, y, z] = [r, g, b].map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
            return 0.2126 * x + 0.7152 * y + 0.0722 * z;
        };
        const contrast = (a, b) => {
            const [high, low] = [light(a), light(b)].sort((x, y) => y - x);
            return (high + 0.05) / (low + 0.05);
        };
        const behind = (element) => {
            for (let e = element; e; e = e.parentElement) {
                const color = channels(getComputedStyle(e).backgroundColor);
                if (color.length === 3 || color[3] > 0) return color;
            }
            return [255, 255, 255];
        };
        const isSeen = (e) => e.checkVisibility() && e.getBoundingClientRect().right > 0;
        const named = (e) => e.tagName.toLowerCase() + (e.id ? "#" + e.id : "") + " '" + e.textContent.trim().slice(0, 30) + "'";
        const faults = [];
        const report = (what, e) => faults.push(what + ": " + named(e));
        for (const e of document.querySelectorAll("body *")) {
            const hasText = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
            if (!isSeen(e) || e.matches("option")) continue;
            const style = getComputedStyle(e);
            if (hasText && contrast(channels(style.color), behind(e)) < 4.5) report("text", e);
            if (e.matches("input:not([type=hidden]), select, textarea, button, summary")) {
                if (contrast(channels(style.borderTopColor), behind(e.parentElement)) < 3) report("edge", e);
                if (e.placeholder && contrast(channels(getComputedStyle(e, "::placeholder").color), behind(e)) < 4.5)
                    report("placeholder", e);
                const box = e.getBoundingClientRect();
                if (Math.min(box.width, box.height) < 24) report("small", e);
                const name = e.getAttribute("aria-label") || (e.labels ? [...e.labels].map((l) => l.textContent).join() : "")
                    || e.textContent;
                if (!name.trim()) report("nameless", e);
            }
            if (e.matches("polyline") && contrast(channels(style.stroke), behind(e.parentElement)) < 3) report("line", e);
            if (e.matches("svg:not([aria-hidden])") && !e.getAttribute("aria-label")) report("no alternative", e);
        }
        const buttons = [...document.querySelectorAll("main button")].map((b) => b.getAttribute("aria-label") || b.textContent);
        for (const name of new Set(buttons)) if (buttons.filter((b) => b === name).length > 1) faults.push("twice: " + name);
        const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
        for (const id of ids) if (ids.filter((other) => other === id).length > 1) faults.push("id twice: " + id);
        if (document.querySelectorAll("h1").length !== 1 || !document.documentElement.lang) faults.push("no heading");
        return faults;
        """#
}
