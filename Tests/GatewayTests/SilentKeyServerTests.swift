import Foundation
import Resolver
import Support
import Testing

@testable import Gateway

/// The keys of tokens, at a name whose name server says nothing.
@Suite struct SilentKeyServerTests {
    @Test func `asking for keys has an end when the name server is silent`() async throws {
        try await NameServer.run { _ in
            .silence
        } _: { names in
            var limits = NameResolver.Limits()
            limits.life = .milliseconds(200)
            let keys = try #require(URL(string: "https://issuer.example/jwks"))
            let source = KeySource(
                address: keys, trustRoots: nil, patience: .seconds(60),
                resolver: NameResolver(limits, servers: names.address))
            await #expect(throws: LookupFailure.self) { try await source.read() }
            source.resolver.close()
            #expect(names.asked.contains("issuer.example"))
        }
    }
}
