import Administration
import Countersign
import Engine
import Foundation
import Glibc
import Postgres
import Support
import Testing

@Suite(.database) struct EventsArchiveTests {
    typealias Scene = PhoneCommandTests.Scene

    /// A sign-in and an erased user of three weeks ago, as closed events, and newer ones.
    ///
    /// - Parameter older: SQL that makes some of the events older than that.
    func arrange(_ older: String = "") async throws -> Scene {
        let scene = try await Scene.make()
        try await withWorker(sealer: scene.sealer) { _ in
            try await scene.phone.succeed("phone", "enroll", "--user", "alice", "--keys", scene.keys)
            let (_, code) = try await scene.issued()
            try await scene.phone.succeed("phone", "scan", code, "--keys", scene.keys)
            try await scene.phone.succeed("phone", "accept", "--keys", scene.keys)
        }
        var superuser = try await Database.current.connectAsSuperuser()
        try await superuser.execute(
            """
            SELECT countersign.create_partition('events', current_date - 21);
            INSERT INTO countersign.events (type, app_id, user_id) SELECT 'enrollment.locked', app_id, 'bob' FROM countersign.apps;
            UPDATE countersign.events e SET event_id = encode(
                substring(uuid_send(countersign.uuid_floor(countersign.uuid_time(e.event_id) - interval '21 days')) FOR 6)
                || substring(uuid_send(e.event_id) FROM 7), 'hex')::uuid;
            \(older);
            DELETE FROM countersign.event_digests;
            UPDATE countersign.event_closing
            SET until = date_trunc('minute', clock_timestamp() - interval '1 day'), horizon = '3'
            """)
        let closed = try await superuser.run(CloseEvents()).one() ?? 0
        try #require(closed > 5)
        try await superuser.execute(
            "SELECT countersign.erase_user(app_id, 'bob', 100) FROM countersign.apps")
        return scene
    }

    func archive(_ folder: String) async throws -> Outcome {
        try await Shell.owner().run("events", "archive", folder, "--before", "10d", "--json")
    }

    /// Without a database.
    func verify(_ folder: String) async throws -> Outcome {
        try await Shell(url: "postgres://nobody@127.0.0.1:1/none").run(
            "events", "verify", "--archive", folder)
    }

    private let old =
        "SELECT count(*) FROM countersign.events WHERE countersign.uuid_time(event_id) < now() - interval '15 days'"

    @Test func `old events move into files, which prove an answer with gpg alone`() async throws {
        let scene = try await arrange()
        defer { scene.remove() }
        let folder = scene.folder.appending(path: "audit").path
        let count = try await Database.current.count(old)
        let outcome = try await archive(folder)
        #expect(outcome.status == 0, "\(outcome.errors)")
        let archived = try outcome.json(as: [[String: Any]].self)
        #expect(archived.map { $0["events"] as? Int } == [count])
        #expect(try await Database.current.count(old) == 0)
        #expect(
            try await scene.admin.succeed("events", "verify").output.hasPrefix("Every event that was closed"))
        #expect(try await eventTypes().last == "events.archived")

        let checked = try await verify(folder)
        #expect(
            checked.status == 0 && checked.output.hasPrefix("Every archived event is as it was closed.\n"))
        #expect(checked.output.contains("events  \(count)\n"))
        let again = try await archive(folder)
        #expect(again.status == 0 && again.output == "[]\n")
        try await expectProof(folder)
        try await expectGuide(folder)
    }

    /// What the guide tells whoever has the files alone.
    private func expectGuide(_ folder: String) async throws {
        let page = Checkout.root.appending(path: "Sources/Countersign/Countersign.docc/Operators.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        let start = "countersign events verify --archive /srv/audit\n"
        let range = try #require(text.firstRange(of: "```text\n\(start)"))
        let block = start + text[range.upperBound...].prefix(while: { $0 != "`" })
        let manifest = try path(folder, ".json")
        let week = try #require(manifest.split(separator: "/").last?.dropLast(5))
        let answer = try #require(
            try lines(folder, ".jsonl.gz", but: ".certificates").first {
                $0.contains("\"request.authenticated\"")
            })
        let fields = try #require(try JSONSerialization.jsonObject(with: Data(answer.utf8)) as? [Any])
        let script = block.replacing("/srv/audit", with: folder).replacing("events_20260105", with: week)
            .replacing("countersign events", with: "\(RunningProgram.executable.path) events")
        let outcome = try await Shell().with("transaction_id", fields[2] as? String)
            .start(["/bin/bash", "-euo", "pipefail", "-c", script], isProgram: false).outcome()
        #expect(outcome.status == 0 && outcome.errors.contains("Good signature"), "\(outcome.text)")
    }

    /// A line of events is an array, whose last part are the details.
    private func expectProof(_ folder: String) async throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        for name in names {
            let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")
            #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        }
        #expect(names.count == 3 && names.allSatisfy { $0.hasPrefix("events_") })
        let events = try lines(folder, ".jsonl.gz", but: ".certificates")
        let answer = try #require(events.first { $0.contains("\"request.authenticated\"") })
        let fields = try #require(try JSONSerialization.jsonObject(with: Data(answer.utf8)) as? [Any])
        let evidence = try #require((fields.last as? [String: Any])?["evidence"] as? [String: Any])
        let certificates = try lines(folder, ".certificates.jsonl.gz").map {
            try JSONDecoder().decode([String: String].self, from: Data($0.utf8))
        }
        let certificate = try #require(
            certificates.first { $0["sha256"] == evidence["certificate_sha256"] as? String }?["certificate"])
        let (signed, signature) = (evidence["signed"] as? String, evidence["signature"] as? String)
        _ = try await GnuPG.verify(try #require(signed), try #require(signature), certificate)
        #expect(!events.joined().contains("bob"))
    }

    func path(_ folder: String, _ ending: String, but other: String? = nil) throws -> String {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
        let name = names.first { $0.hasSuffix(ending) && !(other.map($0.contains) ?? false) }
        return "\(folder)/\(try #require(name))"
    }

    func lines(_ folder: String, _ ending: String, but other: String? = nil) throws -> [String] {
        var reader = try GzipReader(path: try path(folder, ending, but: other))
        var lines: [String] = []
        while let line = try reader.next() { lines.append(String(decoding: line, as: UTF8.self)) }
        return lines
    }

    @Test func `an archive that is interrupted loses nothing and is repeated`() async throws {
        let scene = try await arrange()
        defer { scene.remove() }
        let folder = scene.folder.appending(path: "audit").path
        let count = try await Database.current.count(old)
        var reader = try await Database.current.connectAsSuperuser()
        try await reader.execute("BEGIN; SELECT count(*) FROM countersign.events")
        let running = try Shell.owner().start(["events", "archive", folder, "--before", "10d"])
        try await Database.current.waitForBlockedSession()
        running.kill()
        _ = try await running.outcome()
        #expect(try await Database.current.count(old) == count)
        try await reader.execute("COMMIT")
        try await eventually("the other session has ended") { try await archive(folder).status == 0 }
        #expect(try await verify(folder).status == 0)
        #expect(try await Database.current.count(old) == 0)
    }

    @Test func `what was changed in the files is found`() async throws {
        let scene = try await arrange()
        defer { scene.remove() }
        let folder = scene.folder.appending(path: "audit").path
        #expect(try await archive(folder).status == 0)
        let (events, manifest) = (
            try path(folder, ".jsonl.gz", but: ".certificates"), try path(folder, ".json")
        )
        let whole = try Data(contentsOf: URL(filePath: events))
        let text = try String(contentsOfFile: manifest, encoding: .utf8)

        let kept = try lines(folder, ".jsonl.gz", but: ".certificates")
        try write(kept.map { $0.replacing("alice", with: "mallory") }, to: events)
        try await expectFault(folder, "the file was changed", "was changed")
        try write(kept.dropLast(), to: events)
        try await expectFault(folder, "events are there")
        try whole.dropLast(20).write(to: URL(filePath: events))
        try await expectFault(folder, "no whole gzip file")
        try whole.write(to: URL(filePath: events))
        let other = text.replacing(/"content":"[0-9a-f]{8}/, with: "\"content\":\"00000000")
        try Data(other.utf8).write(to: URL(filePath: manifest))
        try await expectFault(folder, "was changed")
        let turned = text.replacing("\"event_id\",\"occurred_at\"", with: "\"occurred_at\",\"event_id\"")
        try Data(turned.utf8).write(to: URL(filePath: manifest))
        try await expectFault(folder, "its columns are not those of events")
        try Data(text.utf8).write(to: URL(filePath: manifest))
        // A pipe has no end that anybody could wait for.
        try FileManager.default.removeItem(atPath: events)
        let made = unsafe mkfifo(events, 0o600)
        #expect(made == 0)
        try await expectFault(folder, "cannot be read")
        try FileManager.default.removeItem(atPath: events)
        try whole.write(to: URL(filePath: events))
        #expect(try await verify(folder).status == 0)
    }

    func write(_ lines: some Sequence<String>, to path: String) throws {
        var writer = try GzipWriter(path: path)
        for line in lines { try writer.write(line) }
        try writer.close()
    }

    func expectFault(_ folder: String, _ sentences: String...) async throws {
        let outcome = try await verify(folder)
        #expect(outcome.status == 65)
        for sentence in sentences { #expect(outcome.output.contains(sentence), "\(outcome.output)") }
    }

    @Test func `what is not closed, not over or not the owner's to drop stays`() async throws {
        let scene = try await arrange()
        defer { scene.remove() }
        let folder = scene.folder.appending(path: "audit").path
        #expect(try await scene.admin.run("events", "archive", folder, "--before", "10d").status == 77)
        try await Shell.owner().run("events", "archive", folder, "--before", "soon").expect(
            64,
            "--before must be a number and s, m, h or d, as 15m, a day, as 2026-01-31, or RFC 3339, as 2026-01-31T12:00:00Z, not 'soon'"
        )
        let young = try await Shell.owner().run("events", "archive", folder, "--before", "30d")
        #expect(young.output == "There are no events to archive.\n")
        var superuser = try await Database.current.connectAsSuperuser()
        try await superuser.execute("DELETE FROM countersign.event_digests")
        let open = try await archive(folder)
        #expect(open.status == 65 && open.errors.contains("events are part of no closed span"))
        #expect(try await Database.current.count(old) > 5)
    }
}
