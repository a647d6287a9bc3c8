import Countersign
import Engine
import Postgres
import Support
import Testing

/// A device has at most four scans open: the next one ends the oldest, and nobody is trapped by codes that lead nowhere.
@Suite(.database) struct CrowdedScanTests {
    private func displaced() async throws -> Int {
        try await Database.current.count(
            "SELECT count(*) FROM countersign.events WHERE type = 'request.displaced' AND user_id = 'alice'")
    }

    @Test func `a fifth scan ends the oldest`() async throws {
        let site = try await Site.make()
        try await withWorkerLogin(stages: [.enroll, .issue, .validate]) { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let (alice, bob) = (try await app.enroll("alice"), try await app.enroll("bob"))
            let codes = try await portal.issued(8)
            for code in codes[6...] { #expect(try await app.submit(bob, code.code, "scan").reason == nil) }
            for code in codes[..<4] { #expect(try await app.submit(alice, code.code, "scan").reason == nil) }
            // One that is scanned again is none more.
            #expect(try await app.submit(alice, codes[1].code, "scan").reason == nil)
            #expect(try await displaced() == 0)
            #expect(try await app.submit(alice, codes[4].code, "scan").reason == nil)
            let states = try await portal.statuses(codes)
            #expect(
                states == ["cancelled"] + Array(repeating: "scanned", count: 4) + [
                    "issued", "scanned", "scanned",
                ])
            #expect(try await app.submit(alice, codes[0].code, "accept").reason == "expired")
            #expect(try await app.submit(alice, codes[4].code, "accept").reason == nil)
            // One that has ended makes room.
            #expect(try await app.submit(alice, codes[5].code, "scan").reason == nil)
            #expect(try await portal.status(codes[1].transaction) == "scanned")
            #expect(try await displaced() == 1)
        }
    }

    /// All of one batch, as a worker finds them that was away.
    @Test func `of many scans at once the newest are left`() async throws {
        let site = try await Site.make()
        try await withWorkerLogin(stages: [.enroll, .issue, .validate]) { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let alice = try await app.enroll("alice")
            let codes = try await portal.issued(7)
            try await app.execute("BEGIN")
            var sent: [Identifier] = []
            for code in codes {
                sent.append(
                    try await app.run(SQL.submit, [.identifier(alice), .text(code.code), "scan"])[0]
                        .identifier(0))
            }
            try await app.execute("COMMIT")
            for id in sent { #expect(try await app.outcome(id).text(0) == "accepted") }
            try await Database.current.wait(
                until: "SELECT count(*) FROM countersign.auth_requests WHERE status = 'cancelled'", is: 3)
            #expect(try await displaced() == 3)
        }
    }

    /// Who holds the oldest has it neither ended nor anybody waiting for it.
    @Test func `one that a portal holds is passed over`() async throws {
        let site = try await Site.make()
        try await withWorkerLogin(stages: [.enroll, .issue, .validate]) { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let alice = try await app.enroll("alice")
            let codes = try await portal.issued(6)
            for code in codes[..<4] { _ = try await app.submit(alice, code.code, "scan") }
            var idler = try await site.portal()
            try await idler.execute("BEGIN")
            try await idler.execute("SELECT countersign.cancel_request('\(codes[0].transaction)')")
            #expect(try await app.submit(alice, codes[4].code, "scan").reason == nil)
            #expect(try await portal.status(codes[1].transaction) == "scanned")
            try await idler.execute("ROLLBACK")
            #expect(try await app.submit(alice, codes[5].code, "scan").reason == nil)
            let states = try await portal.statuses(codes).prefix(3)
            #expect(states == ["cancelled", "cancelled", "scanned"])
        }
    }
}

extension Connection {
    fileprivate mutating func issued(_ count: Int) async throws -> [(transaction: Identifier, code: String)] {
        var codes: [(transaction: Identifier, code: String)] = []
        for _ in 0..<count { codes.append(try await issued()) }
        return codes
    }

    fileprivate mutating func statuses(
        _ codes: [(transaction: Identifier, code: String)]
    ) async throws -> [String] {
        var states: [String] = []
        for code in codes { states.append(try await status(code.transaction)) }
        return states
    }
}
