import Countersign
import Engine
import Postgres
import Support
import Testing

/// Anybody may take any advisory lock (the functions are PostgreSQL's, and only a superuser could revoke
/// them), ours included: that may cost speed, and must not stop anything.
@Suite(.database) struct LockTests {
    private func take(_ stage: Int, _ place: Int, _ session: inout Connection) async throws {
        try await session.execute("SELECT pg_advisory_lock(\(0x4353_0000 + stage), \(place))")
    }

    @Test func `a portal that sits at every bell stops no sign-in`() async throws {
        let site = try await Site.make("acme")
        let other = try await Site.make("other")
        var thief = try await other.portal()
        for stage in 1...3 {
            for place in 0...16 { try await take(stage, place, &thief) }
        }
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let enrollment = try await app.enroll("alice")
            let (transaction, code) = try await portal.issued()
            #expect(try await app.submit(enrollment, code, "accept").result == "accepted")
            #expect(try await portal.status(transaction) == "authenticated")
        }
    }

    @Test func `a portal that takes the house keeper's lock stops no house keeping`() async throws {
        let site = try await Site.make()
        var thief = try await site.portal()
        try await take(6, 17, &thief)
        try await Database.current.arrange("UPDATE countersign.portals SET max_open_requests = 1")
        _ = try await thief.request()
        try await withWorkerLogin(stages: [.housekeep]) { _ in
            try await eventually("the limit is noticed") {
                try await thief.refusal(of: SQL.insert, ["more"])?.state == "CS008"
            }
        }
    }

    @Test func `of two workers one keeps house, and the other when that one has gone`() async throws {
        let login = try await Database.current.makeLogin("worker", in: .worker)
        let second = try await Database.current.makeLogin("worker2", in: .worker)
        let (one, two) = (TakeHousekeeping(worker: .random()), TakeHousekeeping(worker: .random()))
        var (leads, others): ([Bool], [Bool]) = ([], [])
        var other = try await Database.current.connect(as: second)
        do {
            var leader = try await Database.current.connect(as: login)
            for _ in 0..<2 {
                leads.append(try await leader.run(one).one())
                others.append(try await other.run(two).one())
            }
        }
        #expect(leads == [true, true] && others == [false, false])
        try await eventually("the other leads") { try await other.run(two).one() }
    }
    /// Its session stands, and so does its lock.
    @Test func `a worker that is stopped loses the house, and has it again when it goes on`() async throws {
        var leader = try await Database.current.connect(
            as: try await Database.current.makeLogin("w", in: .worker))
        var other = try await Database.current.connect(
            as: try await Database.current.makeLogin("w2", in: .worker))
        let (one, two) = (TakeHousekeeping(worker: .random()), TakeHousekeeping(worker: .random()))
        #expect(try await leader.run(one).one())
        #expect(try await other.run(two).one() == false)
        let past =
            "UPDATE countersign.epoch SET kept_until = now() - interval '1 s', noted_by = pg_current_xact_id()"
        try await Database.current.arrange(past)
        #expect(try await other.run(two).one())
        #expect(try await leader.run(one).one())
        #expect(try await other.run(two).one() == false)
    }
}
