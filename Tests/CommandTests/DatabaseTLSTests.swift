import Foundation
import Support
import Testing

/// How the database's certificate is verified, wherever its name was given: by URL, environment or service file.
@Suite struct DatabaseTLSTests {
    private static let address = ["PGHOSTADDR": "127.0.0.1", "PGUSER": "u", "PGPASSWORD": "hush"]

    /// Each says by another way that the database is on a machine called db.test. `%` is the port.
    private static let ways: [[String: String]] = [
        ["DATABASE_URL": "postgres://db.test:%/x"], ["PGHOST": "db.test", "PGPORT": "%"],
        ["DATABASE_URL": "service=remote"], ["PGSERVICE": "remote"],
        ["DATABASE_URL": "service=weak"], ["PGSERVICE": "remote", "PGSSLMODE": "prefer"],
        ["DATABASE_URL": "host=db.test port=% sslmode=allow"],
        [
            "DATABASE_URL": "host=localhost,db.test port=%,%",
            "PGHOSTADDR": "127.0.0.1,127.0.0.1",
        ],
        ["DATABASE_URL": "host=127.0.0.1.db.test port=%"],
    ]

    private static let services = """
        [remote]
        host=db.test
        port=%
        [weak]
        host=db.test
        port=%
        sslmode=prefer
        [asked]
        host=db.test
        port=%
        sslmode=require
        """

    /// What a server with that certificate sees of a program that is told so.
    private func seen(
        _ certificate: String, _ certificates: Certificates, _ way: [String: String]
    ) async throws -> String {
        let folder = certificates.folder
        let server = try RunningProgram(
            [
                Python.script("tls_database.py"), folder.appending(path: "\(certificate).pem").path,
                folder.appending(path: "\(certificate).key").path,
            ], of: Python.executable.path)
        defer { server.kill() }
        var port = ""
        try await eventually("it listens") {
            port = server.output.firstMatch(of: /port (\d+)/).map { String($0.1) } ?? ""
            return !port.isEmpty
        }
        let file = folder.appending(path: "services-\(port)")
        try Data(Self.services.replacing("%", with: port).utf8).write(to: file)
        var environment = Self.address.merging(way.mapValues { $0.replacing("%", with: port) }) { $1 }
        environment["PGSERVICEFILE"] = file.path
        environment["PGSSLROOTCERT"] = environment["PGSSLROOTCERT"] ?? certificates.authority
        let outcome = try await runProgram(
            RunningProgram.executable.path, ["status"], environment: environment)
        #expect(outcome.status != 0 && !outcome.text.contains("hush"))
        var words: Set<Substring> = []
        try await eventually("it has seen a client") {
            words = Set(server.output.split(separator: "\n").dropFirst())
            return !words.isEmpty
        }
        return words.sorted().joined(separator: " ")
    }

    @Test(arguments: ways.indices)
    func `a server with a wrong certificate learns nothing`(way: Int) async throws {
        try await Certificates.make { (certificates: Certificates) async throws in
            for certificate in ["self-signed", "wrong-name"] {
                #expect(
                    try await seen(certificate, certificates, Self.ways[way]) == "refused", "\(certificate)")
            }
        }
    }

    @Test func `the right one is taken, and what somebody has asked for is obeyed`() async throws {
        try await Certificates.make { (certificates: Certificates) async throws in
            let named = [
                "DATABASE_URL": "host=other.example port=%"
            ]
            #expect(try await seen("wrong-name", certificates, named) == "start", "as the authority says")
            let asked = ["DATABASE_URL": "service=asked", "PGSSLROOTCERT": "/nowhere"]
            #expect(try await seen("wrong-name", certificates, asked) == "start")
            let local = ["DATABASE_URL": "host=localhost port=% sslmode=disable"]
            #expect(try await seen("self-signed", certificates, local) == "plain")
        }
    }
}
