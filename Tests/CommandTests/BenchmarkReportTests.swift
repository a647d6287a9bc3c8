import Testing

@testable import CountersignBenchmarks

@Suite struct BenchmarkReportTests {
    @Test func `a figure beside nothing has no ratio, and what cannot be divided is printed`() throws {
        let row = ReportRow(
            figure: "issue", title: "what took no time; nothing", unit: .perSecond, ours: Spread([.infinity]),
            reference: Spread([0]), target: .atLeast(0.9))
        #expect(row.ratio == nil)
        #expect(row.verdict == nil)
        #expect(Double.infinity.formatted(.perSecond) == "?")
        #expect(Double.nan.formatted(.ratio) == "?")
        #expect((-1.5).formatted(.ratio) == "-1.50")
    }

    @Test(arguments: [
        ("portal-7", CPUPlace.portals), ("app", .apps), ("worker", .workers), ("gateway1a2b3c4d", .gateways),
    ])
    func `a backend belongs to the place of its login`(login: String, place: CPUPlace) {
        #expect(CPUPlace(login: login) == place)
    }

    @Test func `sessions that are no part of a sign-in belong nowhere`() {
        #expect(CPUPlace(login: "monitor1a2b3c4d") == nil)
        #expect(CPUPlace(login: "operations1a2b3c4d") == nil)
    }

    @Test func `what each costs is the middle of its rounds`() {
        var (first, second, third) = (CPUTimes(), CPUTimes(), CPUTimes())
        first.add(300, .worker)
        second.add(900, .worker)
        third.add(400, .worker)
        third.add(50, .clients)
        #expect(
            CPUTimes.median([first, second, third]).summary == "CPU us each: 450 (clients 50, worker 400)")
    }

    @Test func `other queues are measured only where they are installed`() throws {
        #expect(try !FigureName.parse(nil, withPeers: false).contains(.peers))
        #expect(try FigureName.parse(nil, withPeers: true).contains(.peers))
        #expect(throws: (any Error).self) { try FigureName.parse("issue,peers", withPeers: false) }
    }
}
