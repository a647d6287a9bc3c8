import Countersign
import Engine
import Foundation
import Postgres
import Support
import Testing

/// A code is handed out once, and only while it can be used.
@Suite(.database) struct CollectTests {
    /// An issued request whose code nobody has collected.
    private func uncollected(_ site: Site) async throws -> Identifier {
        var portal = try await site.portal()
        let id = try await portal.request()
        try await portal.waitUntilIssued(id)
        return id
    }

    private func secretsStored() async throws -> Int? {
        try await Database.current.rowCounts()["otp_secrets"]
    }

    @Test func `the code is the id and the secret whose digest is kept`() async throws {
        let site = try await Site.make()
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            let id = try await uncollected(site)
            var owner = try await Database.current.connect()
            let secret = Statement("secret", "SELECT secret FROM countersign.otp_secrets")
            let stored = try await owner.run(secret)[0].bytes(0)
            let text = try #require(try await portal.collect(id))
            let code = try #require(Code(text))
            #expect(code.transaction == id && code.secret == stored)
            #expect(text.wholeMatch(of: /[A-Za-z0-9_-]{64}/) != nil)
            let digest = Statement(
                "digest", "SELECT secret_digest = sha256($1) FROM countersign.auth_requests")
            #expect(try await owner.run(digest, [.bytes(stored)])[0].bool(0))
            #expect(try await secretsStored() == 0)
            for _ in 0..<2 { #expect(try await portal.collect(id) == nil) }
        }
    }

    @Test func `no two codes are the same, and each is of its own digest`() async throws {
        let site = try await Site.make()
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            let many = Statement(
                "insert many",
                """
                INSERT INTO countersign.auth_requests (auth_type, callback_uri)
                SELECT 'qr-code', '\(Site.callback)' FROM generate_series(1, 1200)
                """)
            try await portal.run(many)
            try await eventually("all are issued") { try await secretsStored() == 1200 }
            var owner = try await Database.current.connect()
            let own = """
                SELECT count(*) FROM countersign.otp_secrets JOIN countersign.auth_requests USING (transaction_id)
                WHERE secret_digest = sha256(secret)
                """
            #expect(try await owner.execute(own)[0].int(0) == 1200)
            let collect = """
                SELECT countersign.collect_otp(transaction_id), transaction_id FROM countersign.auth_results
                """
            let codes = try await portal.execute(collect).map { row in
                let code = try #require(Code(try row.text(0)))
                #expect(try code.transaction == row.identifier(1))
                return code
            }
            #expect(Set(codes.map(\.secret)).count == 1200)
        }
    }

    @Test func `one that is rolled back is uncollected`() async throws {
        let site = try await Site.make()
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            let id = try await uncollected(site)
            var codes: [String?] = []
            try await portal.execute("BEGIN")
            codes.append(try await portal.collect(id))
            #expect(try await portal.collect(id) == nil)
            try await portal.execute("ROLLBACK; BEGIN; SAVEPOINT a")
            codes.append(try await portal.collect(id))
            try await portal.execute("ROLLBACK TO a; COMMIT")
            do {
                var lost = try await site.portal()
                try await lost.execute("BEGIN")
                codes.append(try await lost.collect(id))
            }  // the connection closes
            codes.append(try await portal.collect(id))
            #expect(codes.allSatisfy { $0 != nil } && Set(codes).count == 1)
            #expect(try await portal.collect(id) == nil)
        }
    }

    @Test func `of twenty at the same time one gets it`() async throws {
        let site = try await Site.make()
        try await withWorkerLogin { _ in
            let options = Database.current.options(login: site.portalLogin)
            for call in [SQL.collect, SQL.await_] {
                let id = try await uncollected(site)
                let codes = try await withThrowingTaskGroup(of: String?.self) { group in
                    for _ in 0..<20 {
                        group.addTask {
                            var connection = try await Connection.open(options)
                            return try await connection.run(call, [.identifier(id)])[0].optionalText(0)
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(codes.count { $0 != nil } == 1 && codes.count == 20)
            }
        }
    }

    @Test func `nothing before it is issued`() async throws {
        let site = try await Site.make()
        var portal = try await site.portal()
        #expect(try await portal.collect(try await portal.request()) == nil)
    }

    /// By the clock, whether or not anybody has noticed.
    @Test func `nothing after its time, though no expire stage runs`() async throws {
        let site = try await Site.make()
        try await withWorkerLogin(stages: [.issue]) { _ in
            var portal = try await site.portal()
            let id = try await uncollected(site)
            try await Database.current.makeDue(id)
            #expect(try await portal.collect(id) == nil)
            #expect(try await portal.run(SQL.awaitBriefly, [.identifier(id)])[0].optionalText(0) == nil)
            #expect(try await portal.status(id) == "issued")
        }
    }

    @Test(arguments: ["cancelled", "denied", "expired", "failed"])
    func `nothing after the end, which takes the secret with it`(end: String) async throws {
        let site = try await Site.make()
        try await withWorkerLogin(stages: [.issue]) { _ in
            var portal = try await site.portal()
            let id = try await uncollected(site)
            if end == "expired" { try await Database.current.makeDue(id) }
            try await Database.current.arrange(
                "SELECT countersign.end_requests(ARRAY['\(id)'::uuid], ARRAY['\(end)'])")
            #expect(try await portal.status(id) == end)
            #expect(try await secretsStored() == 0)
            #expect(try await portal.collect(id) == nil)
        }
    }

    /// The end waits for nobody: what a portal holds at that moment is swept later.
    @Test func `ended while it is being collected: not handed out again, and swept`() async throws {
        let site = try await Site.make()
        try await withWorkerLogin(stages: [.issue]) { _ in
            var collecting = try await site.portal()
            var portal = try await site.portal()
            let id = try await uncollected(site)
            try await collecting.execute("BEGIN")
            #expect(try await collecting.collect(id) != nil)
            #expect(try await portal.cancel(id))
            try await collecting.execute("ROLLBACK")
            #expect(try await collecting.collect(id) == nil)
            #expect(try await secretsStored() == 1)
            let login = try await Database.current.makeLogin("sweeper", in: .worker)
            var sweeper = try await Database.current.connect(as: login)
            try await sweeper.run(SweepSecrets())
            #expect(try await secretsStored() == 0)
        }
    }

    @Test func `cancelling says whether it was still open, once`() async throws {
        let site = try await Site.make()
        try await withWorkerLogin(stages: [.issue]) { _ in
            var portal = try await site.portal()
            let id = try await uncollected(site)
            #expect(try await portal.cancel(id))
            #expect(try await !portal.cancel(id))
            #expect(try await portal.status(id) == "cancelled")
        }
    }
}
