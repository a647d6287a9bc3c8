import Countersign
import Engine
import Postgres
import Support
import Testing

/// What is a loss of history, and what is none. Real restores and promotions are in OperationsTests.
@Suite(.database) struct EpochTests {
    private func ask(_ memory: EpochMemory, _ connection: inout Connection) async throws -> EpochState {
        let state = try await connection.run(memory.question).one()
        _ = memory.take(state)
        return state
    }

    @Test func `a new installation, a new worker and a table that is rewritten are no loss`() async throws {
        let login = try await Database.current.makeLogin("worker", in: .worker)
        let worker = Identifier.random()
        let memory = EpochMemory(worker: worker)
        for turn in 0..<2 {
            var session = try await Database.current.connect(as: login)
            #expect(try await ask(memory, &session).number == 0)
            #expect(try await session.run(TakeHousekeeping(worker: worker)).one())
            let state = try await ask(memory, &session)
            #expect(state.number == 0 && !state.refuses && state.notes > 0)
            if turn == 0 {
                try await Database.current.arrangeAsSuperuser("VACUUM (FULL, FREEZE) countersign.epoch")
            }
        }
        var other = try await Database.current.connect(as: login)
        #expect(try await ask(EpochMemory(worker: .random()), &other).number == 0)
    }

    /// As whoever hardens a server may do, and undo.
    @Test func `a server that no longer says which it is, is no other`() async throws {
        let worker = Identifier.random()
        let memory = EpochMemory(worker: worker)
        for change in [
            "", "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC",
            "GRANT EXECUTE ON FUNCTION pg_control_system() TO PUBLIC", "",
        ] {
            if !change.isEmpty { try await Database.current.arrangeAsSuperuser(change) }
            var session = try await Database.current.connect()
            #expect(try await ask(memory, &session).number == 0)
            #expect(try await session.run(TakeHousekeeping(worker: worker)).one())
            // As the next second comes.
            try await Database.current.arrange("SELECT countersign.write_epoch()")
        }
    }

    /// It would hold the webhooks that an operator has let go.
    @Test func `a worker that remembers an earlier life begins no epoch`() async throws {
        var session = try await Database.current.connect()
        let memory = EpochMemory(worker: .random())
        let before = try await ask(memory, &session)
        memory.heard(.now(), in: before.life)
        try await Database.current.arrange(
            "SELECT countersign.declare_epoch(); SELECT countersign.release_epoch(true)")
        let after = try await ask(memory, &session)
        #expect(after.number == 1 && after.life != before.life)
        // Of a session on the server that was given up.
        memory.heard(.now(), in: before.life)
        #expect(try await ask(memory, &session).number == 1)
        #expect(try await Database.current.count("SELECT is_held::integer FROM countersign.epoch") == 0)
    }

    @Test func `a heartbeat of this life that is not there is a loss`() async throws {
        var session = try await Database.current.connect()
        let memory = EpochMemory(worker: .random())
        let before = try await ask(memory, &session)
        memory.heard(.now(), in: before.life)
        #expect(try await ask(memory, &session).number == 1)
        #expect(try await ask(memory, &session).number == 1)
    }

    /// In portions, of which each begins where the last has ended; what somebody held comes with the next round.
    @Test func `all webhooks of before are held, and none of after`() async throws {
        let site = try await Site.make()
        var portal = try await site.portal()
        var ids: [Identifier] = []
        for _ in 0..<5 { ids.append(try await portal.request()) }
        for id in ids { _ = try await portal.cancel(id) }
        try await Database.current.arrange("SELECT countersign.declare_epoch()")
        let later = try await portal.request()
        _ = try await portal.cancel(later)
        var holder = try await Database.current.connect()
        try await holder.execute("BEGIN")
        try await holder.execute(
            "SELECT FROM countersign.dispatch_queue WHERE transaction_id = '\(ids[1])' FOR UPDATE")
        var session = try await Database.current.connect()
        var rows: [Int] = []
        for _ in 0..<3 { rows.append(try await session.run(ClearSuspects(limit: 2)).one()) }
        #expect(rows == [2, 2, 0])
        try await holder.execute("COMMIT")
        #expect(try await session.run(ClearSuspects(limit: 2)).one() == 1)
        let held = try await session.execute(
            "SELECT transaction_id FROM countersign.dispatch_queue WHERE due_at = countersign.held()")
        #expect(Set(try held.map { try $0.identifier(0) }) == Set(ids))
        #expect(try await Database.current.count("SELECT count(*) FROM countersign.dispatch_queue") == 6)
    }

    /// An app can hold its enrollments; the heartbeat that revokes them must not wait for it.
    @Test func `what somebody holds is revoked again later`() async throws {
        let site = try await Site.make()
        var app = try await site.app()
        let enrollment = try await withWorker { _ in try await app.enroll("alice") }
        let again = RevokeAgain(enrollments: [enrollment])
        var session = try await Database.current.connect()
        var holder = try await Database.current.connect()
        try await holder.execute("BEGIN")
        try await holder.execute("SELECT FROM countersign.enrollments FOR UPDATE")
        // The row is passed over. Only a wait for it could take so long, or for its holder for ever.
        try await session.execute("SET lock_timeout = '10s'")
        #expect(try await session.run(again).all().map(\.isRevoked) == [false])
        try await holder.execute("COMMIT")
        #expect(try await session.run(again).all().map(\.isRevoked) == [true])
        #expect(try await session.run(again).all().isEmpty)
    }
}
