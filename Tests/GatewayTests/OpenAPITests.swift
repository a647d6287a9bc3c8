import Administration
import Countersign
import Foundation
import Gateway
import Postgres
import Support
import Testing

/// The description, held against the server by somebody else's program.
@Suite(.database, .serialized) struct OpenAPITests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
        .standardizedFileURL

    /// Directional isolates pass where each is closed, which no pattern can say: it leaves them out.
    @Test func `texts are described as the database takes them`() async throws {
        let file = Self.root.appending(path: "Sources/Gateway/openapi.json")
        let document = try String(contentsOf: file, encoding: .utf8)
        var found = try JSONSerialization.jsonObject(with: Data(document.utf8)) as Any?
        for name in ["components", "schemas", "Start", "properties", "message", "pattern"] {
            found = (found as? [String: Any])?[name]
        }
        let pattern = try #require(found as? String)
        var owner = try await Database.current.connect()
        let rows = try await owner.execute(
            """
            SELECT min(n), max(n) FROM (
                SELECT n, n - row_number() OVER (ORDER BY n) AS island FROM generate_series(1, 1114111) AS n
                WHERE n NOT BETWEEN 55296 AND 57343 AND (n BETWEEN 8294 AND 8297
                      OR chr(n) ~ countersign.unshowable_characters())) AS refused GROUP BY island
            """)
        var refused = IndexSet(integer: 0)
        for row in rows { refused.insert(integersIn: try row.int(0)...row.int(1)) }
        #expect(try scalars(excludedBy: pattern) == refused)
    }

    /// Of `^[^...]*$`, in which a scalar is itself or four digits behind `\\u`.
    private func scalars(excludedBy pattern: String) throws -> IndexSet {
        let list = try #require(pattern.wholeMatch(of: /\^\[\^(.*)\]\*\$/)?.output.1)
        var found = IndexSet()
        for match in list.matches(
            of: /((?:\\u[0-9a-f]{4}|[^\\\-]))(?:-(\\u[0-9a-f]{4}|[^\\\-]))?/.matchingSemantics(.unicodeScalar)
        ) {
            let first = try number(match.output.1)
            found.insert(integersIn: first...(try match.output.2.map(number) ?? first))
        }
        return found
    }

    private func number(_ text: Substring) throws -> Int {
        guard text.utf8.first == UInt8(ascii: "\\") else {
            return Int(try #require(text.unicodeScalars.first).value)
        }
        return try #require(Int(text.dropFirst(2), radix: 16))
    }

    /// Each way to say who one is, at each operation of portals: taken where it is described, and nowhere else.
    @Test func `credentials are taken as it is described`() async throws {
        let file = Self.root.appending(path: "Sources/Gateway/openapi.json")
        let document = try #require(
            try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
        let operations = try #require(document["paths"] as? [String: [String: Any]]).flatMap {
            path, methods in
            methods.compactMap { method, operation in
                (operation as? [String: Any]).map { (method: method.uppercased(), path: path, operation: $0) }
            }
        }.filter { $0.operation["tags"] as? [String] == ["portals"] }
        #expect(operations.count == 8)
        let site = try await GatewaySite.make()
        let credentials = "client_id=\(site.credential.clientID)&client_secret=\(site.credential.secret)"
        let form = "application/x-www-form-urlencoded"
        try await withGateway(site) { http in
            for (method, path, operation) in operations {
                let target = path.replacing(/\{transaction_id\}/, with: "\(Identifier.random())")
                    .replacing(/\{[a-z_]+\}/, with: "bob")
                var taken: Set<String> = []
                let ways = [
                    ("basic", request(method, target, ["Authorization": site.basic, "Content-Type": form])),
                    ("query", request(method, "\(target)?\(credentials)")),
                    ("form", request(method, target, ["Content-Type": form], body: credentials)),
                ]
                for (way, request) in ways where ![401, 415].contains(try await http.send(request).status) {
                    taken.insert(way)
                }
                #expect(taken == described(operation, document), "\(method) \(path)")
            }
        }
    }

    /// Ways to authenticate: `basic`, `query`, `form`.
    private func described(_ operation: [String: Any], _ document: [String: Any]) -> Set<String> {
        var ways: Set<String> = []
        for way in operation["security"] as? [[String: Any]] ?? [] {
            if way.keys.sorted() == ["basic"] { ways.insert("basic") }
            if way.keys.sorted() == ["client_id", "client_secret"] { ways.insert("query") }
        }
        func found(_ names: String..., in value: Any?) -> Any? {
            names.reduce(value) { ($0 as? [String: Any])?[$1] }
        }
        var schema = found(
            "requestBody", "content", "application/x-www-form-urlencoded", "schema", in: operation)
        if let name = (found("$ref", in: schema) as? String)?.split(separator: "/").last {
            schema = found("components", "schemas", String(name), in: document)
        }
        let named = ["client_id", "client_secret"].filter { found("properties", $0, in: schema) != nil }
        if named.count == 2 { ways.insert("form") }
        return ways
    }

    @Test(arguments: [true, false])
    func `schemathesis finds nothing`(isAuthenticated: Bool) async throws {
        let site = try await GatewaySite.make()
        let issuer = try TokenIssuer()
        let token = try issuer.token()
        try await withSite(
            site,
            { configuration in
                configuration.tokens = issuer.rules(app: site.app)
            }
        ) { http in
            let script = Self.root.appending(path: "scripts/schemathesis").path
            var environment = ["PORT": "\(http.port)"]
            if isAuthenticated {
                environment["BASIC"] = "\(site.credential.clientID):\(site.credential.secret)"
                environment["BEARER"] = token
            }
            let outcome = try await runProgram(
                script, [], environment: environment)
            if outcome.status != 0 { Attachment.record(outcome.text, named: "schemathesis.txt") }
            #expect(outcome.status == 0, "\(outcome.text.suffix(6_000))")
        }
        #expect(!LogCapture.current.text.contains("request failed"))
    }
}
