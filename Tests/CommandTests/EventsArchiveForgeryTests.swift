import Administration
import Crypto
import Engine
import Foundation
import Postgres
import Support
import Testing

/// What whoever may write to the files can do, with the sums of the manifest made anew.
extension EventsArchiveTests {
    /// The erasure of bob is as old as the rest, so that it is archived with it.
    private func arrangeErasure() async throws -> Scene {
        let scene = try await arrange()
        var superuser = try await Database.current.connectAsSuperuser()
        try await superuser.execute(
            """
            UPDATE countersign.erased_events SET erasure = encode(
                substring(uuid_send(countersign.uuid_floor(countersign.uuid_time(erasure) - interval '21 days')) FOR 6)
                || substring(uuid_send(erasure) FROM 7), 'hex')::uuid;
            UPDATE countersign.events u SET event_id = x.erasure
            FROM countersign.erased_events x WHERE u.type = 'user.erased';
            DELETE FROM countersign.event_digests;
            UPDATE countersign.event_closing
            SET until = date_trunc('minute', clock_timestamp() - interval '1 day'), horizon = '3'
            """)
        let closed = try await superuser.run(CloseEvents()).one() ?? 0
        try #require(closed > 5)
        return scene
    }

    private func summary(_ folder: String) async throws -> [String: Any] {
        try await Shell(url: "postgres://nobody@127.0.0.1:1/none").succeed(
            "events", "verify", "--archive", folder, "--json"
        ).json(as: [String: Any].self)
    }

    private func hash(_ data: some DataProtocol) -> String { hexadecimal(SHA256.hash(data: data)) }

    /// Changes the manifest, with the digests that the other files have now.
    private func rewrite(_ folder: String, _ change: (inout [String: Any]) -> Void) throws {
        let manifest = URL(filePath: try path(folder, ".json"))
        var object = try #require(
            try JSONSerialization.jsonObject(with: Data(contentsOf: manifest)) as? [String: Any])
        for part in ["events", "certificates"] {
            var file = try #require(object[part] as? [String: Any])
            let name = try #require(file["name"] as? String)
            file["sha256"] = hash(try Data(contentsOf: URL(filePath: "\(folder)/\(name)")))
            object[part] = file
        }
        change(&object)
        try JSONSerialization.data(withJSONObject: object).write(to: manifest)
    }

    /// Changes the events' file.
    private func rewriteEvents(_ folder: String, _ change: (String) -> String) throws {
        let kept = try lines(folder, ".jsonl.gz", but: ".certificates")
        try write(kept.map(change), to: try path(folder, ".jsonl.gz", but: ".certificates"))
    }

    @Test func `a changed event that is called erased is found`() async throws {
        let scene = try await arrange()
        defer { scene.remove() }
        let folder = scene.folder.appending(path: "audit").path
        #expect(try await archive(folder).status == 0)
        let all = try lines(folder, ".jsonl.gz", but: ".certificates")
        let line = try #require(all.first { $0.contains("\"alice\"") })
        let forged = line.replacing("\"alice\"", with: "\"mallory\"")
        try rewriteEvents(folder) { $0 == line ? forged : $0 }
        let entry = [
            "event_id": String(line.dropFirst(2).prefix(36)), "before": hash(Array(line.utf8)),
            "after": hash(Array(forged.utf8)), "erasure": "\(UUID())".lowercased(),
        ]
        try rewrite(folder) { $0["erased"] = ($0["erased"] as? [[String: String]] ?? []) + [entry] }
        try await expectFault(folder, "1 erased events were changed, or were never erased")
        #expect(try await !verify(folder).output.contains("the file was changed"))
    }

    @Test func `an erased event is proved by the event of its erasure`() async throws {
        let scene = try await arrangeErasure()
        defer { scene.remove() }
        let folder = scene.folder.appending(path: "audit").path
        let outcome = try await archive(folder)
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(try await summary(folder)["unproved_erased"] as? Int == 0)

        let all = try lines(folder, ".jsonl.gz", but: ".certificates")
        let line = try #require(all.first { $0.contains("\"enrollment.locked\"") })
        let forged = line.replacing("\"enrollment.locked\"", with: "\"enrollment.revoked\"")
        try rewriteEvents(folder) { $0 == line ? forged : $0 }
        try rewrite(folder) { _ in }
        try await expectFault(folder, "1 erased events were changed, or were never erased")
        try rewrite(folder) { manifest in
            var entries = manifest["erased"] as? [[String: String]] ?? []
            if !entries.isEmpty { entries[0]["after"] = hash(Array(forged.utf8)) }
            manifest["erased"] = entries
        }
        try await expectFault(folder, "the erased events are not those that the erasure")
    }

    @Test func `erased events whose erasure is not archived are counted`() async throws {
        let scene = try await arrange()
        defer { scene.remove() }
        let folder = scene.folder.appending(path: "audit").path
        #expect(try await archive(folder).status == 0)
        #expect(try await summary(folder)["unproved_erased"] as? Int == 1)
        let outcome = try await verify(folder)
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("Erased events that no event here proves: 1.\n"))
    }

    @Test func `what an erasure takes out is the same for the database and for files`() async throws {
        var superuser = try await Database.current.connectAsSuperuser()
        let text = try await superuser.execute(
            "SELECT array_to_string(countersign.erased_details(), ' ')")[0].text(0)
        let names = text.split(separator: " ").map { String($0) }
        #expect(Set(names) == ArchivedErasures.details)
    }
}

extension EventsArchiveTests {
    /// The events of bob, so that there are two weeks.
    private var oneWeekOlder: String {
        """
        SELECT countersign.create_partition('events', current_date - 28);
        UPDATE countersign.events e SET event_id = encode(
            substring(uuid_send(countersign.uuid_floor(countersign.uuid_time(e.event_id) - interval '7 days')) FOR 6)
            || substring(uuid_send(e.event_id) FROM 7), 'hex')::uuid
        WHERE e.type = 'enrollment.locked'
        """
    }

    @Test func `an archive whose oldest weeks are gone says where it begins`() async throws {
        let scene = try await arrange(oneWeekOlder)
        defer { scene.remove() }
        let folder = scene.folder.appending(path: "audit").path
        #expect(try await archive(folder).status == 0)
        let whole = try await summary(folder)
        #expect(whole["weeks"] as? Int == 2 && whole["is_from_beginning"] as? Bool == true)
        #expect(try await !verify(folder).output.contains("are not here"))

        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        try #require(names.count == 6)
        for name in names.prefix(3) { try FileManager.default.removeItem(atPath: "\(folder)/\(name)") }
        let rest = try await summary(folder)
        #expect(rest["weeks"] as? Int == 1 && rest["is_from_beginning"] as? Bool == false)
        let since = try #require(rest["since"] as? String)
        let outcome = try await verify(folder)
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("Events from before \(since) are not here.\n"))
    }

    @Test func `a changed manifest is found by the event of its archive`() async throws {
        let scene = try await arrange(oneWeekOlder)
        defer { scene.remove() }
        let folder = scene.folder.appending(path: "audit").path
        let first = try await Shell.owner().run("events", "archive", folder, "--before", "21d", "--json")
        #expect(first.status == 0, "\(first.errors)")
        let manifest = try path(folder, ".json")
        var superuser = try await Database.current.connectAsSuperuser()
        try await superuser.execute(
            """
            UPDATE countersign.events e SET event_id = encode(
                substring(uuid_send(countersign.uuid_floor(countersign.uuid_time(e.event_id) - interval '21 days')) FOR 6)
                || substring(uuid_send(e.event_id) FROM 7), 'hex')::uuid
            WHERE e.type = 'events.archived';
            DELETE FROM countersign.event_digests d WHERE d.until > (SELECT max(a.until) FROM countersign.event_archives a);
            UPDATE countersign.event_closing
            SET until = date_trunc('minute', clock_timestamp() - interval '1 day'), horizon = '3'
            """)
        let closed = try await superuser.run(CloseEvents()).one() ?? 0
        try #require(closed > 5)
        let second = try await archive(folder)
        #expect(second.status == 0, "\(second.errors)")
        #expect(try await verify(folder).status == 0)
        let text = try String(contentsOfFile: manifest, encoding: .utf8)
        try Data((text + " ").utf8).write(to: URL(filePath: manifest))
        try await expectFault(folder, "it is not the manifest that an event tells of")
    }

    @Test func `certificates that are gone are found`() async throws {
        let scene = try await arrange()
        defer { scene.remove() }
        let folder = scene.folder.appending(path: "audit").path
        #expect(try await archive(folder).status == 0)
        #expect(try await summary(folder)["without_certificate"] as? Int == 0)
        try write([String](), to: try path(folder, ".certificates.jsonl.gz"))
        try rewrite(folder) { _ in }
        try await expectFault(folder, "0 certificates are there, 1 were")
        try rewrite(folder) { manifest in
            var file = manifest["certificates"] as? [String: Any] ?? [:]
            file["lines"] = 0
            manifest["certificates"] = file
        }
        try await expectFault(folder, "1 certificates that events name are missing, 0 were")
    }

    @Test func `numbers beyond all bounds are refused`() async throws {
        let scene = try await arrange()
        defer { scene.remove() }
        let folder = scene.folder.appending(path: "audit").path
        #expect(try await archive(folder).status == 0)
        let manifest = try path(folder, ".json")
        let text = try String(contentsOfFile: manifest, encoding: .utf8)
        let late = text.replacing(/"until":"[0-9]+\.[0-9]+"/, with: "\"until\":\"9223372036854775807.0\"")
        try Data(late.utf8).write(to: URL(filePath: manifest))
        try await expectFault(folder, "which is no time that this program reads")

        let many = text.replacing(/"lines":[0-9]+/, with: "\"lines\":9223372036854775807")
        for path in [manifest, "\(folder)/events_99990104.json"] {
            try Data(many.utf8).write(to: URL(filePath: path))
        }
        try await expectFault(folder, "9223372036854775807 were")
    }
}
