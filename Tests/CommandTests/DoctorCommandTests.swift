import Foundation
import Support
import Testing

@Suite(.database) struct DoctorCommandTests {
    private static let revoke =
        "REVOKE EXECUTE ON FUNCTION countersign.collect_otp(uuid) FROM countersign_portal"
    private static let grant =
        "GRANT EXECUTE ON FUNCTION countersign.collect_otp(transaction_id uuid) TO countersign_portal;"
    private static let isGranted = """
        SELECT has_function_privilege('countersign_portal', 'countersign.collect_otp(uuid)', 'EXECUTE')::integer
        """

    @Test func `what mends it stands below what was found`() async throws {
        try await Database.current.arrange(Self.revoke)
        let outcome = try await Shell.owner().run("doctor")
        #expect(outcome.status == 78)
        let lines = outcome.output.split(separator: "\n").map(String.init)
        let place = try #require(lines.firstIndex { $0.contains("is missing") })
        #expect(lines[place].hasPrefix("error    drift"))
        #expect(lines[place + 1].hasSuffix("prints ours. As the owner:"))
        #expect(lines[place + 2] == "             \(Self.grant)")
    }

    @Test func `a superuser mends in the owner's place, and others are sent away`() async throws {
        let drop = "DROP FUNCTION countersign.collect_otp(uuid)"
        try await Database.current.arrange(drop)
        let superuser = Shell(url: Database.current.superuserURL)
        let done = try await superuser.run("doctor", "--fix", "--yes")
        #expect(!done.output.contains("collect_otp"), "\(done.output)")
        let ours = """
            SELECT count(*) FROM pg_proc p JOIN pg_database d ON d.datname = current_database()
            WHERE p.oid = 'countersign.collect_otp(uuid)'::regprocedure AND p.proowner = d.datdba
            """
        #expect(try await Database.current.count(ours) == 1)
        try await Database.current.arrange(drop)
        let refused = try await Shell.member(of: .admin).run("doctor", "--fix", "--yes")
        #expect(refused.status == 77)
        #expect(refused.errors.contains("--fix needs the login of the database's owner"))
    }

    @Test func `what needs a superuser the owner does not try`() async throws {
        try await Database.current.arrangeAsSuperuser(
            "ALTER SCHEMA public OWNER TO CURRENT_USER; GRANT CREATE ON SCHEMA public TO PUBLIC")
        let outcome = try await Shell.owner().run("doctor", "--fix", "--yes")
        #expect(outcome.errors.contains("countersign: left to a superuser: "))
        #expect(!outcome.errors.contains("SCHEMA public"))
        #expect(outcome.output.contains("PUBLIC may create in the schema public"))
        let mended = try await Shell(url: Database.current.superuserURL).run("doctor", "--fix", "--yes")
        #expect(!mended.output.contains("in the schema public"))
    }

    @Test(arguments: [(3, "warning", "ends in"), (60, "ok", "is good for")])
    func `a certificate that ends soon`(days: Int, grade: String, sentence: String) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (key, file) = (folder.appending(path: "key.pem").path, folder.appending(path: "chain.pem").path)
        let made = try await runProgram(
            "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                "/CN=x",
                "-days", "\(days)", "-keyout", key, "-out", file,
            ])
        try #require(made.status == 0, "\(made.errors)")
        let shell = Shell.owner().with("COUNTERSIGN_TLS_CERTIFICATE", file)
        let found = try await shell.run("doctor", "--json").json(as: [[String: Any]].self)
        let finding = try #require(found.first { $0["check"] as? String == "certificate" })
        #expect(finding["grade"] as? String == grade)
        #expect((finding["finding"] as? String ?? "").hasPrefix("the certificate \(file) \(sentence) "))
    }

    @Test func `fixing asks, shows, and leaves what is not safe`() async throws {
        try await Database.current.arrange(
            "\(Self.revoke); CREATE TABLE countersign.notes (t text); UPDATE countersign.portals SET paused = true"
        )
        for answer in ["", "n\n"] {
            let left = try await Shell.owner().run("doctor", "--fix", input: answer)
            #expect(left.errors.contains("\(Self.grant)\nRun this? [y/N]\ncountersign: nothing was run\n"))
            #expect(try await Database.current.count(Self.isGranted) == 0)
        }
        let done = try await Shell.owner().run("doctor", "--fix", input: "y\n")
        #expect(try await Database.current.count(Self.isGranted) == 1)
        #expect(!done.output.contains("collect_otp"))
        #expect(done.output.contains("relation notes is not ours"))
        try await Database.current.arrange(Self.revoke)
        let quick = try await Shell.owner().run("doctor", "--fix", "--yes")
        #expect(quick.errors.contains(Self.grant) && !quick.errors.contains("Run"))
        #expect(try await Database.current.count(Self.isGranted) == 1)
        let nothing = try await Shell.owner().run("doctor", "--fix", "--yes")
        #expect(nothing.errors.contains("there is nothing that can be mended without a decision"))
    }
}
