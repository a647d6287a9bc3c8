import Countersign
import Support
import Testing

@testable import Resolver

/// Look-ups at a real name server on loopback.
@Suite struct NameResolverTests {
    private static let known = [UInt8]([192, 0, 2, 7])

    private func resolving<T: Sendable>(
        _ server: NameServer, _ limits: NameResolver.Limits = .init(),
        _ body: (NameResolver) async throws -> T
    ) async throws -> T {
        let resolver = NameResolver(limits, servers: server.address)
        defer { resolver.close() }
        return try await body(resolver)
    }

    /// 200 names of one owner at a silent server: more than there are places, and each holds its own for long.
    @Test func `silent names of one hold up nobody else`() async throws {
        try await NameServer.run { name in
            name.hasPrefix("silent") ? .silence : .address(Self.known)
        } _: { server in
            var limits = NameResolver.Limits()
            limits.life = .seconds(120)
            try await resolving(server, limits) { resolver in
                let silent = (0..<200).map { number in
                    Task { try await resolver.addresses(of: "silent\(number).example", for: 1) }
                }
                let began = ContinuousClock.now
                try await server.wait(for: limits.ofOne)
                for owner in Int32(2)...40 {
                    let found = try await resolver.addresses(of: "p\(owner).example", for: owner)
                    #expect(found == [IPAddress(bytes: Self.known)])
                }
                // A place is held for as long as c-ares tries: 1, 2 and 4 s, of which it takes nine sixteenths at least.
                let rounds = 1 + Int(began.duration(to: .now) / .seconds(3.9))
                let silentOnes = Set(server.asked.filter { $0.hasPrefix("silent") })
                #expect(silentOnes.count <= rounds * limits.ofOne)
                resolver.close()
                for lookup in silent {
                    await #expect(throws: LookupFailure.self) { try await lookup.value }
                }
            }
        }
    }

    @Test func `a look-up has an end, waiting for a place included`() async throws {
        try await NameServer.run { _ in
            .silence
        } _: { server in
            var limits = NameResolver.Limits()
            (limits.life, limits.ofOne) = (.milliseconds(300), 1)
            try await resolving(server, limits) { resolver in
                let names = ["one.example", "two.example", "three.example"]
                let failures = await withTaskGroup(of: String.self) { group in
                    for name in names {
                        group.addTask {
                            do { return "\(try await resolver.addresses(of: name, for: 1))" } catch {
                                return "\(error)"
                            }
                        }
                    }
                    return await group.reduce(into: []) { $0.append($1) }
                }
                #expect(failures.count == 3 && failures.allSatisfy { $0.contains(".example") }, "\(failures)")
                // The two others never got the place.
                #expect(Set(server.asked).count <= 3)
            }
        }
    }

    @Test func `what is known of one kind of address counts when nothing comes of the other`() async throws {
        try await NameServer.run { _ in
            .addressOnly(Self.known)
        } _: { server in
            var limits = NameResolver.Limits()
            limits.life = .seconds(3)
            try await resolving(server, limits) { resolver in
                let found = try await resolver.addresses(of: "half.example", for: 1)
                #expect(found == [IPAddress(bytes: Self.known)])
            }
        }
    }

    @Test func `an unknown name says so`() async throws {
        try await NameServer.run { _ in
            .unknown
        } _: { server in
            try await resolving(server) { resolver in
                let failure = await #expect(throws: LookupFailure.self) {
                    try await resolver.addresses(of: "nobody.example", for: 1)
                }
                #expect(failure?.description == "the name nobody.example has no address now")
            }
        }
    }

    /// RFC 6761 section 6.3, and /etc/hosts.
    @Test func `the hosts file is read and nobody asked`() async throws {
        try await NameServer.run { _ in
            .silence
        } _: { server in
            try await resolving(server) { resolver in
                let found = try await resolver.addresses(of: "localhost", for: 1)
                #expect(found.contains { $0.description == "127.0.0.1" || $0.description == "::1" })
                #expect(server.asked.isEmpty)
            }
        }
    }

    @Test func `a closed resolver refuses`() async throws {
        let resolver = NameResolver()
        resolver.close()
        await #expect(throws: LookupFailure.self) { try await resolver.addresses(of: "acme.example", for: 1) }
    }
}
