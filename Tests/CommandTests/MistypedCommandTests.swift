import Support
import Testing

@testable import CountersignCommand

@Suite struct MistypedCommandTests {
    private let known = ["status", "serve", "settings", "portal", "events"]

    @Test(
        arguments: [
            ("staus", "status"), ("sttaus", "status"), ("portl", "portal"), ("event", "events"),
            ("sett", "settings"),
            ("frobnicate", nil), ("x", nil), ("", nil),
        ] as [(String, String?)])
    func `the nearest is meant`(typed: String, meant: String?) {
        #expect(suggestion(for: typed, among: known) == meant)
    }

    @Test(arguments: [
        ("staus", "there is no command 'countersign staus': did you mean 'countersign status'?"),
        (
            "portal ad x",
            "there is no command 'countersign portal ad': did you mean 'countersign portal add'?"
        ),
        ("portl list", "there is no command 'countersign portl': did you mean 'countersign portal'?"),
        (
            "events serach",
            "there is no command 'countersign events serach': did you mean 'countersign events search'?"
        ),
    ])
    func `a mistyped command`(line: String, sentence: String) async throws {
        try await Shell().start(line.split(separator: " ").map(String.init)).outcome().expect(64, sentence)
    }

    @Test(arguments: [
        ("postgres://127.0.0.1:1/x", 69), ("postgres://nosuchhost.invalid/x", 69), ("nonsense", 78),
        ("postgres://127.0.0.1:port/x", 78), ("postgres://127.0.0.1:1/x?sslmode=maybe", 78),
        ("host=127.0.0.1 prot=1", 78),
    ])
    func `a database that is away is 69, one that is described badly 78`(url: String, status: Int32)
        async throws
    {
        #expect(try await Shell(url: url).run("status").status == status)
    }

    @Test(.database) func `so is one that is not there`() async throws {
        let url = Database.current.ownerURL
        let name = try #require(url.split(separator: "/").last)
        #expect(try await Shell(url: url.replacing("/\(name)", with: "/nosuch")).run("status").status == 69)
    }
}
