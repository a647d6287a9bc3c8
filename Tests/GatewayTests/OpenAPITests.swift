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
