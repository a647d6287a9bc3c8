import Countersign
import Engine
import Postgres
import Support
import Testing

/// The primary crashes under a living worker, and a standby is promoted.
@Suite(.logs) struct PromotionTests {
    /// Every name is synchronous: what was acknowledged is on the standby.
    @Test func `the promotion of a synchronous standby changes nothing`() async throws {
        try await promote { primary, standby, time in
            try await primary.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            try await primary.execute("SELECT pg_reload_conf()")
            try await noted(primary, "is_synchronous")
            try await time.pass(primary)
        } then: { standby, time in
            try await time.expectKept(on: standby)
        }
    }

    @Test func `the promotion of an asynchronous standby is noticed, and everything that was open ends`()
        async throws
    {
        try await promote { primary, standby, time in
            try await standby.detach()
            try await time.pass(primary)
        } then: { standby, time in
            try await time.expectLost(on: standby, reason: "a standby was promoted that need not have all")
            try await eventually("the stolen device is revoked again") {
                try await time.status(of: time.stolen, on: standby) == "revoked"
            }
        }
    }

    /// The primary has a synchronous standby, and it is another that is promoted. The worker misses its own heartbeat.
    @Test func `the promotion of the wrong standby is noticed by the worker that lives on`() async throws {
        try await promote { primary, standby, time in
            let right = try await primary.standby("right")
            try await primary.execute("ALTER SYSTEM SET synchronous_standby_names = 'right'")
            try await primary.execute("SELECT pg_reload_conf()")
            try await noted(primary, "is_synchronous")
            try await following(primary, standby)
            try await standby.detach()
            try await time.pass(primary)
            for _ in 0..<2 { try await beaten(primary) }
            try await right.stop("immediate")
        } then: { standby, time in
            try await time.expectLost(on: standby, reason: "what was acknowledged to a worker is gone")
        }
    }

    private func promote(
        _ lose: (_ primary: ScratchServer, _ standby: ScratchServer, LostTime) async throws -> Void,
        then expect: (_ standby: ScratchServer, LostTime) async throws -> Void
    ) async throws {
        try await LostTime.withReceiver { receiver, journal in
            try await ScratchServer.run { primary in
                let standby = try await primary.standby("standby")
                try await LostTime.withWorkers(primary.options(or: standby), journal: journal) { _ in
                    let time = try await LostTime.before(primary, receiver, journal)
                    try await noted(primary, "true")
                    try await following(primary, standby)
                    try await lose(primary, standby, time)
                    try await primary.stop("immediate")
                    try await standby.promote()
                    try await expect(standby, time)
                }
            }
        }
    }

    /// Waits until the row has been written again, and says so.
    private func noted(_ server: ScratchServer, _ condition: String) async throws {
        let notes = try await server.number("SELECT notes FROM countersign.epoch")
        try await eventually("the epoch is noted") {
            try await server.number(
                "SELECT count(*) FROM countersign.epoch WHERE notes > \(notes) AND \(condition)") == 1
        }
    }

    /// Waits for the worker's next heartbeat. After the second one the first has been acknowledged.
    private func beaten(_ server: ScratchServer) async throws {
        let beats =
            "SELECT (date_part('epoch', max(heartbeat_at)) * 1000000)::bigint FROM countersign.workers"
        let last = try await server.number(beats)
        try await eventually("it beats") { try await server.number(beats) > last }
    }

    private func following(_ primary: ScratchServer, _ standby: ScratchServer) async throws {
        let mark = try await primary.number("SELECT notes FROM countersign.epoch")
        try await eventually("the standby follows") {
            try await standby.number("SELECT notes FROM countersign.epoch") >= mark
        }
    }
}
