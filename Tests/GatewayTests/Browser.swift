import Foundation
import Glibc
import Support
import Testing

/// Headless Chromium, driven over WebDriver (https://www.w3.org/TR/webdriver2/) by Debian's chromium-driver.
final class Browser: Sendable {
    /// One tab of it.
    struct Tab: Sendable {
        fileprivate let handle: String
        fileprivate let browser: Browser
    }

    private let http: RawHTTP
    private let session: String

    private init(_ http: RawHTTP, _ session: String) {
        (self.http, self.session) = (http, session)
    }

    /// Runs a browser of that width for the body.
    static func run<T: Sendable>(
        width: Int = 800, dark: Bool = false, _ body: (Browser) async throws -> T
    ) async throws -> T {
        let folder = FileManager.default.temporaryDirectory.appending(path: "browser-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let driver = Process()
        driver.executableURL = URL(filePath: "/usr/bin/chromedriver")
        driver.arguments = ["--port=0"]
        driver.environment = ProcessInfo.processInfo.environment.merging([
            "HOME": folder.path, "TMPDIR": folder.path,
        ]) { $1 }
        let log = folder.appending(path: "driver.log")
        try Data().write(to: log)
        driver.standardOutput = try FileHandle(forWritingTo: log)
        driver.standardError = FileHandle.nullDevice
        let ended = Signal()
        driver.terminationHandler = { _ in ended.fire() }
        try driver.run()
        do {
            let browser = try await open(log, width: width, dark: dark)
            let value: T
            do {
                value = try await body(browser)
            } catch {
                await browser.quit()
                throw error
            }
            await browser.quit()
            // It lingers at SIGTERM; the browser has ended already.
            if driver.isRunning { kill(driver.processIdentifier, SIGKILL) }
            try await ended.wait(timeout: .seconds(20))
            return value
        } catch {
            if driver.isRunning { kill(driver.processIdentifier, SIGKILL) }
            throw error
        }
    }

    private static func open(_ log: URL, width: Int, dark: Bool) async throws -> Browser {
        var port = 0
        try await eventually("the driver listens", timeout: .seconds(60)) {
            let text = try String(contentsOf: log, encoding: .utf8)
            port = text.firstMatch(of: /on port (\d+)\./).flatMap { Int($0.1) } ?? 0
            return port > 0
        }
        var arguments = [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--window-size=\(width),900",
            "--disable-background-networking", "--no-first-run",
        ]
        if dark { arguments.append("--force-dark-mode") }
        var options: [String: Any] = ["binary": "/usr/bin/chromium", "args": arguments]
        // A window has 500 pixels at least; a phone's screen is given otherwise.
        if width < 500 {
            options["mobileEmulation"] = ["deviceMetrics": ["width": width, "height": 740, "pixelRatio": 2]]
        }
        let capabilities = ["capabilities": ["alwaysMatch": ["goog:chromeOptions": options]]]
        let http = RawHTTP(port: port)
        let value = try await call(http, "POST", "/session", capabilities)
        let session = try #require((value as? [String: Any])?["sessionId"] as? String)
        return Browser(http, session)
    }

    private static func call(
        _ http: RawHTTP, _ method: String, _ path: String, _ body: [String: Any]? = nil
    ) async throws -> Any {
        let text = try body.map {
            String(decoding: try JSONSerialization.data(withJSONObject: $0), as: UTF8.self)
        }
        let lines =
            ["\(method) \(path) HTTP/1.1", "Host: 127.0.0.1:\(http.port)"]
            + (text.map { ["Content-Type: application/json", "Content-Length: \($0.utf8.count)"] } ?? [])
        let answer = try await http.send(lines.joined(separator: "\r\n") + "\r\n\r\n" + (text ?? ""))
        try #require(answer.status == 200, "\(answer.body.prefix(600))")
        return try #require(try answer.json()["value"])
    }

    fileprivate func call(_ method: String, _ path: String, _ body: [String: Any]? = nil) async throws -> Any
    {
        try await Self.call(http, method, "/session/\(session)\(path)", body)
    }

    private func quit() async { _ = try? await call("DELETE", "") }

    /// A new tab, at that address.
    func tab(_ address: String) async throws -> Tab {
        let value = try await call("POST", "/window/new", ["type": "tab"])
        let handle = try #require((value as? [String: Any])?["handle"] as? String)
        let tab = Tab(handle: handle, browser: self)
        try await tab.go(to: address)
        return tab
    }
}

extension Browser.Tab {
    private func call(_ method: String, _ path: String, _ body: [String: Any]? = nil) async throws -> Any {
        _ = try await browser.call("POST", "/window", ["handle": handle])
        return try await browser.call(method, path, body)
    }

    func go(to address: String) async throws { _ = try await call("POST", "/url", ["url": address]) }
    func reload() async throws { _ = try await call("POST", "/refresh", [:]) }

    /// What an expression of JavaScript gives, as a text.
    func value(_ expression: String) async throws -> String {
        let script = "return String(\(expression))"
        return try #require(
            try await call("POST", "/execute/sync", ["script": script, "args": []]) as? String)
    }

    /// A picture of what is seen, also kept as an attachment of the test.
    func screenshot(_ name: String) async throws -> URL {
        let text = try #require(try await call("GET", "/screenshot") as? String)
        let data = try #require(Data(base64Encoded: text))
        Attachment.record(data, named: "\(name).png")
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).png")
        try data.write(to: file)
        return file
    }

    /// Presses a key, as the keyboard does.
    func press(_ key: String) async throws {
        let strokes = [["type": "keyDown", "value": key], ["type": "keyUp", "value": key]]
        _ = try await call(
            "POST", "/actions", ["actions": [["type": "key", "id": "keyboard", "actions": strokes]]])
    }

    /// What the page says of how things stand.
    func status() async throws -> String { try await value("document.getElementById('status').textContent") }

    func wait(for words: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        try await eventually("the page says: \(words)", timeout: .seconds(60), sourceLocation: sourceLocation)
        {
            try await status() == words
        }
    }

    /// Waits until the code is shown, and gives the picture of it.
    func code(_ name: String) async throws -> URL {
        try await eventually("a code is shown", timeout: .seconds(60)) {
            try await value(
                "(i => i.complete && i.naturalWidth > 0 && !!document.body.dataset.status)(document.getElementById('image'))"
            ) == "true"
        }
        return try await screenshot(name)
    }
}
