import Foundation
import Postgres
import Support
import Testing

@testable import Gateway

/// Every statement is checked against the migrated schema, and every path against the description.
@Suite(.database) struct StatementTests {
    @Test func `every statement fits the schema, with the rights of the gateway`() async throws {
        let login = try await Database.current.makeLogin("gateway", in: .gateway)
        var connection = try await Database.current.connect(as: login)
        try await connection.expectToFit(GatewayStatements.all)
    }

    @Test func `every statement is in the list`() throws {
        try expectAllListed(in: "Gateway", GatewayStatements.all)
    }

    @Test func `what is served is described, and what is described is served`() async throws {
        let site = try await GatewaySite.make()
        let issuer = try TokenIssuer()
        try await withGateway(site, { $0.tokens = issuer.rules(app: site.app) }) { http in
            let document = try await http.send(request("GET", OpenAPI.path)).json()
            let whole = try #require(OpenAPI.parsed as? [String: Any])
            let paths = try #require(document["paths"] as? [String: [String: Any]])
            #expect(Set(paths.keys) == Set(try #require(whole["paths"] as? [String: Any]).keys))
            for (path, operations) in paths {
                let some = path.replacing(/{[a-z_]+}/, with: "x")
                let answer = try await http.send(request("PATCH", some))
                let allowed = try #require(answer.header("Allow")).lowercased().components(separatedBy: ", ")
                let described = Set(operations.keys.filter { $0 != "parameters" })
                #expect(Set(allowed).subtracting(["head"]) == described, "\(path)")
            }
        }
    }
}
