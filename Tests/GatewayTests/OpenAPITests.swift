import Administration
import Countersign
import Foundation
import Gateway
import Support
import Testing

/// The description, held against the server by somebody else's program.
@Suite(.database, .serialized) struct OpenAPITests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
        .standardizedFileURL

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
