package import Logging

/// Where and how to connect.
package struct ConnectionOptions: Sendable, CustomStringConvertible {
    /// Shown in `pg_stat_activity` unless the URL or PGAPPNAME name another.
    package var applicationName = "countersign"

    /// Seconds for each address of each host, as libpq counts them.
    package var connectTimeout = 5

    /// Settings of the session; the URL's own `options` come after them and win.
    ///
    /// Every statement has an end, no transaction idles for long, and the server notices within 11 s that
    /// this machine has vanished, so that its locks go.
    package var settings: [String: String] = [
        "TimeZone": "UTC",
        "idle_in_transaction_session_timeout": "10s",
        "lock_timeout": "0",
        "statement_timeout": "30s",
        "tcp_keepalives_count": "3",
        "tcp_keepalives_idle": "5",
        "tcp_keepalives_interval": "2",
        "tcp_user_timeout": "11000",
    ]

    /// How long an answer may take; then the connection is given up with 08006. A network that swallows everything
    /// says nothing itself, and what stands between may acknowledge what it swallows. Nil waits for ever.
    package private(set) var answerLimit: Duration?

    /// Whether servers that take no writes, such as standbys, are passed over while connecting, unless the URL has
    /// a target_session_attrs of its own.
    package var needsWrites = false

    /// Takes the notices of the server, at debug.
    package var logger = Logger(label: "postgres")

    /// Nil when the URL could not be understood: opening fails then. It is not repeated anywhere, as it may
    /// hold a password.
    private let keywords: [String: String]?

    /// - Parameters:
    ///   - url: `postgres://user@host/database?sslmode=...` or `host=... user=...`. What it leaves open, and
    ///     everything when it is nil or empty, comes from the environment.
    ///   - environment: the process's environment: PGHOST, PGUSER and the others of libpq.
    package init(url: String?, environment: [String: String]) {
        keywords = parseConninfo(url ?? "", environment: environment)
    }

    /// Bounds each statement on the server, and two seconds later here.
    package mutating func limitStatements(to limit: Duration) {
        settings["statement_timeout"] = "\(Int(limit / .milliseconds(1)))ms"
        answerLimit = limit + .seconds(2)
    }

    /// For sessions that look for few rows in tables that grow: their plans do without these steps, named as in
    /// `enable_seqscan`, and nothing is compiled (jit). The server believes that little is there of a table that it has looked
    /// at while it was empty, or not at all.
    ///
    /// - Parameter keepingPlans: whether one plan serves all values from the first time on.
    package mutating func plan(without steps: [String], keepingPlans: Bool) {
        for step in steps { settings["enable_\(step)"] = "off" }
        settings["jit"] = "off"
        if keepingPlans { settings["plan_cache_mode"] = "force_generic_plan" }
    }

    /// User, host, port and database, never the password.
    package var description: String {
        guard let keywords else { return "an invalid database URL" }
        let known = ["user", "host", "hostaddr", "port", "dbname"]
        let parts = known.compactMap { name in keywords[name].map { "\(name)=\($0)" } }
        return parts.isEmpty ? "the local server" : parts.joined(separator: " ")
    }

    /// Keywords for `PQconnectdbParams`. Fails with 08001 when the URL is invalid.
    func connectKeywords() throws(PostgresError) -> [String: String] {
        guard let keywords else {
            throw PostgresError(.cannotConnect, "the database URL is neither a URL nor a list of keywords")
        }
        var fixed = ["options": serverOptions(given: keywords["options"]), "client_encoding": "UTF8"]
        if let mode = requiredMode(keywords) { fixed["sslmode"] = mode }
        return defaults.merging(keywords) { _, given in given }.merging(fixed) { _, fixed in fixed }
    }

    private var defaults: [String: String] {
        var defaults = [
            "connect_timeout": String(connectTimeout),
            "fallback_application_name": applicationName,
            "keepalives_count": "3",
            "keepalives_idle": "5",
            "keepalives_interval": "2",
            "tcp_user_timeout": "11000",
        ]
        if needsWrites { defaults["target_session_attrs"] = "read-write" }
        return defaults
    }

    /// How the connection is protected. Passwords and codes cross it: unless it stays on this machine, or somebody asks
    /// for another mode by URL, environment or service file, nothing less than a verified server will do. `prefer`, which
    /// is libpq's own default, and `allow` ask for nothing: whoever is on the way can take TLS off both.
    package var sslMode: String {
        requiredMode(keywords ?? [:]) ?? resolveConninfo(keywords ?? [:])?["sslmode"] ?? "prefer"
    }

    /// Nil where libpq may do as it was told.
    private func requiredMode(_ keywords: [String: String]) -> String? {
        // Where there is no such service, libpq says so itself.
        guard let resolved = resolveConninfo(keywords) else { return "verify-full" }
        guard !Self.isLocal(resolved), ["prefer", "allow"].contains(resolved["sslmode"]) else { return nil }
        return "verify-full"
    }

    /// Whether all of its hosts are this machine. Where both are given, `hostaddr` is connected to, and `host` is what a
    /// certificate must name.
    private static func isLocal(_ keywords: [String: String]) -> Bool {
        let names = [keywords["host"], keywords["hostaddr"]].compactMap(\.self)
        let hosts = names.flatMap { $0.split(separator: ",") }
        return hosts.allSatisfy { host in
            host.hasPrefix("/") || host.hasPrefix("@") || host == "localhost" || host == "::1"
                || isLoopback(host)
        }
    }

    /// 127.0.0.0/8, and no name that begins like it.
    private static func isLoopback(_ host: Substring) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    /// `-c name=value` for each setting. The server splits at spaces; a backslash keeps one.
    private func serverOptions(given: String?) -> String {
        let own = settings.sorted { $0.key < $1.key }.map { name, value in
            let escaped = value.flatMap { $0 == " " || $0 == "\\" ? ["\\", $0] : [$0] }
            return "-c \(name)=\(String(escaped))"
        }
        return (own + [given].compactMap(\.self)).joined(separator: " ")
    }
}
