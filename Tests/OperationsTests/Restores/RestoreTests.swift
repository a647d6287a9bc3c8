import Countersign
import Engine
import Foundation
import Postgres
import Support
import Testing

/// The database is put back to an earlier point, in each way that there is.
@Suite(.logs) struct RestoreTests {
    @Test func `a restore to a point in time is noticed`() async throws {
        try await LostTime.withReceiver { receiver, journal in
            try await ScratchServer.run { server in
                let archive = server.folder.appending(path: "archive").path
                // It reads what it is given: the server complains of a program that has ended before it is told.
                try await server.execute("COPY (SELECT 1) TO PROGRAM 'cat >/dev/null && mkdir \(archive)'")
                try await server.execute("ALTER SYSTEM SET archive_mode = on")
                try await server.execute("ALTER SYSTEM SET archive_command = 'cp %p \(archive)/%f'")
                try await server.restart("fast")
                let copy = try await server.backup("restored")
                let time = try await LostTime.withWorkers(server.options) { _ in
                    let time = try await LostTime.before(server, receiver, journal)
                    try await server.execute("SELECT pg_create_restore_point('before')")
                    try await time.pass(server)
                    return time
                }
                try await server.execute("SELECT pg_switch_wal()")
                try await server.stop("fast")  // which archives what is left
                try await copy.recover(to: "before", archive: archive)
                try await LostTime.withWorkers(copy.options, journal: journal) { _ in
                    try await time.expectLost(on: copy, reason: "it was restored to a point in time")
                    try await eventually("the stolen device is revoked again") {
                        try await time.status(of: time.stolen, on: copy) == "revoked"
                    }
                }
            }
        }
    }

    /// From inside nothing is different: a worker that lives on, or the file of one, remembers more than is there.
    @Test(arguments: [true, false]) func `files that were put back are noticed`(lives: Bool) async throws {
        try await LostTime.withReceiver { receiver, journal in
            try await ScratchServer.run { server in
                let time = try await LostTime.withWorkers(server.options) { _ in
                    try await LostTime.before(server, receiver, journal)
                }
                try await server.stop("fast")
                try await server.saveFiles()
                try await server.start()
                try await LostTime.withWorkers(server.options, journal: journal) { _ in
                    try await time.pass(server)
                    let notes = try await server.number("SELECT notes FROM countersign.epoch")
                    try await eventually("it is remembered") { (journal.memory()?.notes ?? 0) > notes }
                    guard lives else { return }
                    let beats =
                        "SELECT count(*) FROM countersign.workers WHERE heartbeat_at > started_at + interval '1 s'"
                    try await eventually("it has beaten twice") { try await server.number(beats) == 1 }
                    try await putBack(server)
                    let reason = "what was acknowledged to a worker is gone"
                    try await time.expectLost(on: server, reason: reason)
                }
                guard !lives else { return }
                try await putBack(server)
                try await LostTime.withWorkers(server.options, journal: journal) { _ in
                    let reason = "the database is older than a journal remembers"
                    try await time.expectLost(on: server, reason: reason)
                }
            }
        }
    }

    private func putBack(_ server: ScratchServer) async throws {
        try await server.stop("immediate")
        try await server.putBackFiles()
        try await server.start()
    }

    @Test(arguments: ["dump", "clone"]) func `a copy is noticed, and a restart is none`(way: String)
        async throws
    {
        try await LostTime.withReceiver { receiver, journal in
            try await ScratchServer.run { server in
                try await LostTime.withWorkers(server.options) { _ in
                    _ = try await LostTime.before(server, receiver, journal)
                }
                try await server.restart("immediate")
                try await LostTime.withWorkers(server.options) { _ in
                    try await eventually("the row is written again") {
                        try await server.number(
                            "SELECT count(*) FROM countersign.epoch WHERE noted_at > pg_postmaster_start_time()"
                        )
                            == 1
                    }
                }
                #expect(try await server.number("SELECT number FROM countersign.epoch") == 0)
                if way == "dump" {
                    try await server.dump(into: "other", without: "countersign.otp_secrets")
                } else {
                    let options = server.options(user: "postgres", database: "template1")
                    var connection = try await Connection.open(options)
                    try await connection.execute("CREATE DATABASE other TEMPLATE postgres")
                }
                let other = server.options(user: "postgres", database: "other")
                try await LostTime.withWorkers(other) { _ in
                    var connection = try await Connection.open(other)
                    try await eventually("both have failed") {
                        try await connection.execute(
                            "SELECT count(*) FROM countersign.auth_requests WHERE status = 'failed'")[0].int(
                                0) == 2
                    }
                    let left =
                        "SELECT (SELECT count(*) FROM countersign.otp_secrets), codes FROM countersign.epochs"
                    let row = try await connection.execute(left)[0]
                    #expect(try row.int(0) == 0)
                    #expect(try row.int(1) == (way == "dump" ? 0 : 1))
                }
            }
        }
    }

    /// Rows alone, into a schema that is there and worked with: the row of the epoch is another transaction's.
    @Test func `rows that were restored into a living database are noticed`() async throws {
        try await ScratchServer.run { server in
            try await LostTime.withWorkers(server.options) { _ in
                try await eventually("it is noted") {
                    try await server.number("SELECT notes FROM countersign.epoch") > 0
                }
                try await server.execute(
                    """
                    BEGIN;
                    CREATE TEMPORARY TABLE dump AS SELECT * FROM countersign.epoch;
                    DELETE FROM countersign.epoch;
                    INSERT INTO countersign.epoch SELECT * FROM dump;
                    COMMIT;
                    """)
                try await eventually("it is noticed") {
                    try await server.number(
                        "SELECT count(*) FROM countersign.epochs WHERE reason LIKE '%dump'") == 1
                }
            }
        }
    }

    /// As the setting says, until an operator has released it.
    @Test func `work waits for an operator where it should`() async throws {
        try await LostTime.withReceiver { receiver, journal in
            try await ScratchServer.run { server in
                try await LostTime.withWorkers(server.options) { worker in
                    let time = try await LostTime.before(server, receiver, journal)
                    try await server.execute("UPDATE countersign.settings SET resume_after_restore = false")
                    try await server.execute("SELECT countersign.declare_epoch()")
                    try await eventually("all but housekeep are held") {
                        worker.context.controls.isPaused(.issue)
                            && worker.context.controls.isPaused(.dispatch)
                            && !worker.context.controls.isPaused(.housekeep)
                    }
                    var portal = try await Connection.open(server.options(user: "acme"))
                    try await eventually("it has failed") {
                        try await portal.status(time.answered.id) == "failed"
                    }
                    try await server.execute("SELECT countersign.release_epoch(false)")
                    let other = try await time.signIn(server)
                    try await receiver.wait(for: 1)
                    #expect(receiver.received[0].header("webhook-id") == "\(other)")
                    let dead = "SELECT count(*) FROM countersign.webhook_deliveries WHERE status = 'dead'"
                    #expect(try await server.number(dead) == 2)
                }
            }
        }
    }
}
