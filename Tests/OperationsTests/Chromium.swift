import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Support
import Testing

/// A Chromium of its own, through Debian's chromedriver (W3C WebDriver).
struct Chromium {
    let base: String
    let session: String

    func open(_ address: String) async throws { _ = try await send("POST", "/url", ["url": address]) }
    func address() async throws -> String { try await send("GET", "/url", nil) as? String ?? "" }
    func script(_ text: String) async throws -> Any? {
        try await send("POST", "/execute/sync", ["script": text, "args": [Any]()])
    }
    func resize(width: Int, height: Int) async throws {
        let metrics: [String: Any] = [
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false,
        ]
        try await command("Emulation.setDeviceMetricsOverride", metrics)
    }
    func prefer(dark: Bool) async throws {
        let feature = ["name": "prefers-color-scheme", "value": dark ? "dark" : "light"]
        try await command("Emulation.setEmulatedMedia", ["features": [feature]])
    }

    /// Presses keys, wherever the focus is.
    func type(_ text: String) async throws {
        let keys = text.flatMap { character -> [[String: String]] in
            let key = character == "\n" ? "\u{E007}" : character == "\t" ? "\u{E004}" : String(character)
            return [["type": "keyDown", "value": key], ["type": "keyUp", "value": key]]
        }
        let source: [String: Any] = ["type": "key", "id": "keyboard", "actions": keys]
        _ = try await send("POST", "/actions", ["actions": [source]])
    }

    func screenshot() async throws -> Data {
        let text = try await send("GET", "/screenshot", nil) as? String ?? ""
        return try #require(Data(base64Encoded: text))
    }

    /// All of it, however far down.
    func wholePage(_ width: Int) async throws -> Data {
        let height = try await script("return document.documentElement.scrollHeight") as? Int ?? 780
        try await resize(width: width, height: height)
        return try await screenshot()
    }

    /// What the page's console says.
    func log() async throws -> [String] {
        let entries = try await send("POST", "/se/log", ["type": "browser"]) as? [[String: Any]] ?? []
        return entries.compactMap { $0["message"] as? String }
    }

    private func command(_ name: String, _ parameters: [String: Any]) async throws {
        _ = try await send("POST", "/goog/cdp/execute", ["cmd": name, "params": parameters])
    }

    func send(_ method: String, _ path: String, _ body: [String: Any]?) async throws -> Any? {
        try await Chromium.ask(base, method, "/session/\(session)" + path, body)
    }

    fileprivate static func ask(
        _ base: String, _ method: String, _ path: String, _ body: [String: Any]?
    ) async throws -> Any? {
        var request = HTTPClientRequest(url: base + path)
        request.method = .init(rawValue: method)
        if let body {
            request.headers.add(name: "content-type", value: "application/json")
            request.body = .bytes(Array(try JSONSerialization.data(withJSONObject: body)))
        }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        let bytes = try await response.body.collect(upTo: 16 << 20)
        let answer = try JSONSerialization.jsonObject(with: Data(bytes.readableBytesView)) as? [String: Any]
        try #require(response.status == .ok, "\(path): \(String(buffer: bytes).prefix(400))")
        return answer?["value"]
    }
}

/// Starts chromedriver on a free port, and a browser with an empty profile.
func withChromium(_ body: (Chromium) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "chromium-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: folder) }
    let log = folder.appending(path: "log")
    try Data().write(to: log)
    let driver = Process()
    driver.executableURL = URL(filePath: "/usr/bin/env")
    driver.arguments = ["chromedriver", "--port=0"]
    driver.environment = ProcessInfo.processInfo.environment.merging([
        "HOME": folder.path, "TMPDIR": folder.path,
    ]) { $1 }
    driver.standardOutput = try FileHandle(forWritingTo: log)
    driver.standardError = FileHandle.nullDevice
    try driver.run()
    defer { kill(driver.processIdentifier, SIGKILL) }  // it lingers at SIGTERM; the browser has ended by then
    var port: String?
    try await eventually("chromedriver listens", timeout: .seconds(30)) {
        let text = try String(contentsOf: log, encoding: .utf8)
        port = text.firstMatch(of: /on port (\d+)\./).map { String($0.output.1) }
        return port != nil
    }
    let base = "http://127.0.0.1:\(port ?? "")"
    // As root Chromium runs without its sandbox only; nothing but our own pages is opened in it.
    let arguments = [
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-proxy-server",
    ]
    let wanted: [String: Any] = [
        "browserName": "chrome", "goog:chromeOptions": ["args": arguments],
        "goog:loggingPrefs": ["browser": "ALL"],
    ]
    let made = try await Chromium.ask(base, "POST", "/session", ["capabilities": ["alwaysMatch": wanted]])
    let session = try #require((made as? [String: Any])?["sessionId"] as? String)
    let chromium = Chromium(base: base, session: session)
    do {
        try await body(chromium)
    } catch {
        _ = try? await chromium.send("DELETE", "", nil)
        throw error
    }
    _ = try await chromium.send("DELETE", "", nil)
}
