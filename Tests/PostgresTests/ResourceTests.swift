import Foundation
import Postgres
import Support
import Testing

/// In a process of their own, as they look at what the whole process uses.
@Suite(.emptyDatabase)
struct ResourceTests {
    @Test
    func `10,000 round trips and 300 connections leak neither descriptors nor memory`() async {
        let url = Database.current.ownerURL
        await #expect(processExitsWith: .success) { [url = url as String] in
            let options = ConnectionOptions(url: url, environment: [:])
            var connection = try await Connection.open(options)
            let wide = Statement("wide", "SELECT repeat('x', 4000), $1")
            for _ in 0..<500 { try await connection.run(wide, ["a"]) }
            try await openAndClose(20, options)
            let (descriptors, memory) = (try descriptorCount(), try residentBytes())

            for _ in 0..<9_500 { try await connection.run(wide, ["a"]) }
            for _ in 0..<500 { _ = try? await connection.execute("SELECT 1 / 0") }
            try await openAndClose(300, options)
            try await connection.wait(until: { try descriptorCount() <= descriptors })
            guard try descriptorCount() <= descriptors else { exit(1) }
            // Leaked results would be 40 MB.
            guard try residentBytes() - memory < 8 << 20 else { exit(2) }
        }
    }

    @Test
    func `openings cancelled at any moment leave nothing behind`() async {
        let url = Database.current.ownerURL
        await #expect(processExitsWith: .success) { [url = url as String] in
            let options = ConnectionOptions(url: url, environment: [:])
            var connection = try await Connection.open(options)
            let descriptors = try descriptorCount()
            for yields in 0..<300 {
                let opening = Task { try await Connection.open(options).processID }
                for _ in 0..<(yields * 20) { await Task.yield() }
                opening.cancel()
                _ = try? await opening.value
            }
            try await connection.wait(until: { try descriptorCount() <= descriptors })
            guard try descriptorCount() <= descriptors else { exit(1) }
        }
    }

    @Test
    func `idle connections burn no processor time, unread notifications or not`() async {
        let url = Database.current.ownerURL
        await #expect(processExitsWith: .success) { [url = url as String] in
            let options = ConnectionOptions(url: url, environment: [:])
            var listening = try await Connection.open(options)
            var dead = try await Connection.open(options)
            var working = try await Connection.open(options)
            try await listening.listen(to: ["c"])
            try await working.execute("SELECT pg_terminate_backend(\(dead.processID))")
            try await working.execute("NOTIFY c, '1'; NOTIFY c, '2'; NOTIFY c, '3'")
            _ = try? await dead.execute("SELECT 1")
            let before = processorSeconds()
            try await working.execute("SELECT pg_sleep(1)")
            guard processorSeconds() - before < 0.05 else { exit(1) }
            guard try await listening.notifications().count == 3 else { exit(2) }
        }
    }
}

extension Connection {
    /// Connections close on their own threads, those that are being opened when libpq is done: on a busy machine 300 of them
    /// took more than ten seconds. What leaks never closes.
    fileprivate mutating func wait(until isSo: () throws -> Bool) async throws {
        for _ in 0..<10_000 where try !isSo() { try await execute("SELECT pg_sleep(0.03)") }
    }
}

private func openAndClose(_ count: Int, _ options: ConnectionOptions) async throws {
    for _ in 0..<count {
        var connection = try await Connection.open(options)
        try await connection.execute("SELECT 1")
    }
}

private func descriptorCount() throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
}

private func residentBytes() throws -> Int {
    let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .ascii).split(separator: " ")
    return (Int(fields[1]) ?? 0) * 4_096
}

private func processorSeconds() -> Double { Double(clock()) / Double(CLOCKS_PER_SEC) }
