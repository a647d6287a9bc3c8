import AsyncHTTPClient
package import Foundation
import NIOCore
import NIOHTTP1
import Testing

/// A headless Chromium with an empty profile, driven over WebDriver (https://www.w3.org/TR/webdriver2/) by Debian's
/// chromedriver.
package struct Chromium: Sendable {
    private let driver: String
    private let session: String

    package static func run<T: Sendable>(_ body: (Chromium) async throws -> T) async throws -> T {
        let folder = FileManager.default.temporaryDirectory.appending(path: "chromium-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        let driver = try await startDriver(folder)
        defer { driver.kill() }
        let chromium = try await open(driver)
        do {
            let value = try await body(chromium)
            _ = try? await chromium.send(.DELETE, "")
            return value
        } catch {
            _ = try? await chromium.send(.DELETE, "")
            throw error
        }
    }

    /// It takes a port that is free for IPv4 and wants the same for IPv6: where another program has that one, it ends, and is
    /// started again. It lingers at SIGTERM, and is killed when nobody refers to it any more; the browser has ended by then.
    private static func startDriver(_ folder: URL) async throws -> RunningProgram {
        for _ in 0..<10 {
            let driver = try RunningProgram(
                ["--port=0"], of: "chromedriver",
                environment: ProcessInfo.processInfo.environment.merging([
                    "HOME": folder.path, "TMPDIR": folder.path,
                ]) { $1 })
            try await eventually("chromedriver listens") {
                listeningPort(of: driver) != nil || !driver.isRunning
            }
            if driver.isRunning { return driver }
        }
        throw DriverEnds()
    }

    private struct DriverEnds: Error {}

    private static func listeningPort(of driver: RunningProgram) -> String? {
        driver.output.firstMatch(of: /on port (\d+)\./).map { String($0.1) }
    }

    private static func open(_ program: RunningProgram) async throws -> Chromium {
        let port = try #require(Self.listeningPort(of: program))
        // As root Chromium runs without its sandbox only; nothing but our own pages is opened in it.
        let arguments = [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-proxy-server",
            // Names of RFC 2606 are this machine.
            "--host-resolver-rules=MAP *.test 127.0.0.1",
            "--disable-background-networking", "--no-first-run",
        ]
        // A script of axe's takes seconds, and longer than the usual 30 where other tests want the same two cores.
        let milliseconds = Int(patience / .milliseconds(1))
        let wanted: [String: Any] = [
            "browserName": "chrome", "goog:chromeOptions": ["args": arguments],
            "goog:loggingPrefs": ["browser": "ALL"],
            "timeouts": ["script": milliseconds, "pageLoad": milliseconds],
        ]
        let driver = "http://127.0.0.1:\(port)"
        let made = try await ask(
            .POST, driver + "/session", ["capabilities": ["alwaysMatch": wanted]] as [String: Any])
        let session = try #require((made as? [String: Any])?["sessionId"] as? String)
        return Chromium(driver: driver, session: session)
    }

    /// A new tab at that address, with a screen of that size.
    package func tab(
        _ address: String, width: Int = 800, height: Int = 900, dark: Bool = false
    ) async throws -> Tab {
        let made = try await send(.POST, "/window/new", ["type": "tab"])
        let tab = Tab(chromium: self, handle: try #require((made as? [String: Any])?["handle"] as? String))
        try await tab.resize(width: width, height: height)
        try await tab.prefer(dark: dark)
        try await tab.go(to: address)
        return tab
    }

    fileprivate func send(_ method: HTTPMethod, _ path: String, _ body: [String: Any]? = nil) async throws
        -> Any?
    {
        try await Self.ask(method, "\(driver)/session/\(session)\(path)", body)
    }

    private static func ask(_ method: HTTPMethod, _ address: String, _ body: [String: Any]?) async throws
        -> Any?
    {
        var request = HTTPClientRequest(url: address)
        request.method = method
        if let body {
            request.headers.add(name: "content-type", value: "application/json")
            request.body = .bytes(Array(try JSONSerialization.data(withJSONObject: body)))
        }
        let limit = TimeAmount.seconds(2 * patience.components.seconds)
        let response = try await Browser.client.execute(request, timeout: limit)
        let bytes = try await response.body.collect(upTo: 16 << 20)
        try #require(response.status == .ok, "\(address): \(String(buffer: bytes).prefix(600))")
        let answer = try JSONSerialization.jsonObject(with: Data(bytes.readableBytesView))
        return (answer as? [String: Any])?["value"]
    }
}

extension Chromium {
    package struct Tab: Sendable {
        fileprivate let chromium: Chromium
        fileprivate let handle: String
    }
}

extension Chromium.Tab {
    package func go(to address: String) async throws { _ = try await send(.POST, "/url", ["url": address]) }
    package func reload() async throws { _ = try await send(.POST, "/refresh", [:]) }
    /// By the browser's button. A script that leaves its page may be run again by the driver, and go back twice.
    package func back() async throws { _ = try await send(.POST, "/back", [:]) }

    /// What an expression of JavaScript gives, as a text.
    package func value(_ expression: String) async throws -> String {
        try #require(try await script("return String(\(expression))") as? String)
    }

    /// What a function's body in JavaScript returns: as JSON has it.
    package func script(_ body: String) async throws -> Any? {
        try await send(.POST, "/execute/sync", ["script": body, "args": [Any]()])
    }

    package func address() async throws -> String { try await value("location.href") }

    package func resize(width: Int, height: Int) async throws {
        try await command(
            "Emulation.setDeviceMetricsOverride",
            ["width": width, "height": height, "deviceScaleFactor": 1, "mobile": false])
    }

    package func prefer(dark: Bool) async throws {
        let feature = ["name": "prefers-color-scheme", "value": dark ? "dark" : "light"]
        try await command("Emulation.setEmulatedMedia", ["features": [feature]])
    }

    /// Presses keys, also Tab and Return, wherever the focus is.
    package func type(_ text: String) async throws {
        let strokes = text.flatMap { character -> [[String: String]] in
            let key = character == "\n" ? "\u{E007}" : character == "\t" ? "\u{E004}" : String(character)
            return [["type": "keyDown", "value": key], ["type": "keyUp", "value": key]]
        }
        let keyboard: [String: Any] = ["type": "key", "id": "keyboard", "actions": strokes]
        _ = try await send(.POST, "/actions", ["actions": [keyboard]])
    }

    /// A picture (PNG) of what is seen, also attached to the test.
    @discardableResult
    package func screenshot(_ name: String) async throws -> Data {
        let text = try #require(try await send(.GET, "/screenshot") as? String)
        let picture = try #require(Data(base64Encoded: text))
        Attachment.record(Array(picture), named: "\(name).png")
        return picture
    }

    /// A picture of all of it, however far down, on a screen of that width.
    @discardableResult
    package func wholePage(_ name: String, width: Int) async throws -> Data {
        let height = try #require(Int(try await value("document.documentElement.scrollHeight")))
        try await resize(width: width, height: height)
        return try await screenshot(name)
    }

    /// What the browser's console says.
    package func log() async throws -> [String] {
        let entries = try await send(.POST, "/se/log", ["type": "browser"]) as? [[String: Any]] ?? []
        return entries.compactMap { $0["message"] as? String }
    }

    /// Of the Chrome DevTools Protocol.
    private func command(_ name: String, _ parameters: [String: Any]) async throws {
        _ = try await send(.POST, "/goog/cdp/execute", ["cmd": name, "params": parameters])
    }

    private func send(_ method: HTTPMethod, _ path: String, _ body: [String: Any]? = nil) async throws -> Any?
    {
        _ = try await chromium.send(.POST, "/window", ["handle": handle])
        return try await chromium.send(method, path, body)
    }
}
