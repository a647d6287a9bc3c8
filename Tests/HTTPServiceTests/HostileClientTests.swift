import Countersign
import HTTPService
import Hummingbird
import NIOCore
import Support
import Synchronization
import Testing

/// Clients that keep the server waiting, and another who is served all the same.
@Suite struct HostileClientTests {
    private static let big = Route(.get, "/big") { _ in .text(String(repeating: "x", count: 1_000_000)) }
    /// A long poll that ends when it is told to.
    private struct LongPoll {
        let begun = Signal()
        let end = Signal()

        var route: Route {
            Route(.get, "/slow") { _ in
                begun.fire()
                try await end.wait()
                return .text("ok\n")
            }
        }
    }

    private func serves(_ http: RawHTTP) async throws {
        #expect(try await http.send(request("GET", "/")).status == 200)
    }

    /// It holds the only place until the limit for writing has passed.
    @Test func `a client that never reads loses its connection`() async throws {
        try await withServer([.ok, Self.big]) {
            $0.limits.connections = 1
            $0.limits.connectionsPerAddress = 10
            $0.limits.patience = .seconds(3_600)
            $0.limits.writeTimeout = .milliseconds(200)
        } _: { http in
            let hostile = try await RawConnection.open(http.port, reads: false)
            // The server may close the connection while we still ask.
            for _ in 0..<40 { try? await hostile.send(request("GET", "/big")) }
            try await serves(http)
            await hostile.close()
        }
    }

    @Test func `a body that never comes behind a long poll ends the connection`() async throws {
        let poll = LongPoll()
        try await withServer([.ok, .form, poll.route], { $0.limits.bodyTimeout = .zero }) { http in
            try await http.connected { connection in
                let head = "POST /form HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"
                try await connection.send(request("GET", "/slow") + head)
                try await poll.begun.wait()
                // Connections go round the loops, so each of them has had its turn then, and with it the body's timer.
                for _ in 0..<2 * System.coreCount { try await serves(http) }
                poll.end.fire()
                #expect(try await connection.answer().status == 200)
                #expect(try await connection.rest().hasPrefix("HTTP/1.1 408"))
            }
        }
    }

    /// Both are read before the first is answered.
    @Test func `what has waited long behind a long poll has to be sent again`() async throws {
        let poll = LongPoll()
        try await withServer([poll.route], { $0.limits.pipelineTimeout = .zero }) { http in
            try await http.connected { connection in
                try await connection.send(request("GET", "/slow") + request("GET", "/slow"))
                try await poll.begun.wait()
                poll.end.fire()
                #expect(try await connection.answer().status == 200)
                #expect(try await connection.rest() == "")
            }
        }
    }

    /// Each of them waits for nobody but its client.
    @Test(arguments: [
        "", "GET / HTTP/1.1\r\nHost: x\r\nX-Endless: ",
        "POST /form HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n",
    ])
    func `clients of one address cannot keep out another of that address`(text: String) async throws {
        try await withServer([.ok, .form]) {
            $0.limits.connections = 32
            $0.limits.patience = .seconds(3_600)
            $0.limits.headTimeout = .seconds(3_600)
            $0.limits.bodyTimeout = .seconds(3_600)
        } _: { http in
            let hostile = try await connections(32, to: http, from: "127.0.0.1", sending: text)
            for _ in 0..<3 { try await serves(http) }
            for connection in hostile { await connection.close() }
        }
    }

    @Test func `clients of two addresses that take every place have to make room`() async throws {
        try await withServer([.ok]) {
            $0.limits.connections = 8
            $0.limits.headTimeout = .seconds(3_600)
            $0.limits.patience = .milliseconds(100)
        } _: { http in
            let hostile =
                try await connections(4, to: http, from: "127.0.0.2", sending: "GET / HT")
                + connections(4, to: http, from: "127.0.0.3", sending: "GET / HT")
            try await serves(http)
            for connection in hostile { await connection.close() }
        }
    }

    /// Its clients are many behind one address.
    @Test func `a trusted proxy has no share`() async throws {
        let networks = try AddressRange.list("127.0.0.2")
        try await withServer([.ok]) {
            $0.limits.connections = 8
            $0.limits.headTimeout = .seconds(3_600)
            $0.proxies = TrustedProxies(networks)
        } _: { http in
            let kept = try await connections(6, to: http, from: "127.0.0.2", sending: "GET / HTTP/1.1\r\n")
            for connection in kept {
                try await connection.send("Host: x\r\n\r\n")
                #expect(try await connection.answer().status == 200)
                await connection.close()
            }
        }
    }

    /// Each of the others always has its next request there already. Counted is not time but work: how many of them are
    /// answered while a lone client waits. The middle of five tries: between two steps of its own the client may be held up
    /// by whatever else the machine does.
    @Test func `clients that pipeline leave a lone one its turn`() async throws {
        let answered = Atomic(0)
        let cheap = Route(.get, "/cheap") { _ in
            answered.add(1, ordering: .relaxed)
            return .text("ok\n")
        }
        let lone = Route(.get, "/lone") { _ in .text("\(answered.load(ordering: .relaxed))") }
        try await withServer([cheap, lone]) { http in
            let many = String(repeating: request("GET", "/cheap"), count: 200)
            let hostile = try await connections(60, to: http, from: "127.0.0.2", sending: many)
            var counts: [Int] = []
            try await http.connected { connection in
                for _ in 0..<5 {
                    let before = answered.load(ordering: .relaxed)
                    try await connection.send(request("GET", "/lone"))
                    let seen = try #require(Int(try await connection.answer().body))
                    counts.append(seen - before)
                }
            }
            #expect(answered.load(ordering: .relaxed) < 12_000, "the others are still at it")
            #expect(counts.sorted()[2] < 600, "\(counts)")
            for connection in hostile { await connection.close() }
        }
    }

    private func connections(
        _ count: Int, to http: RawHTTP, from source: String, sending text: String
    ) async throws -> [RawConnection] {
        var connections: [RawConnection] = []
        for _ in 0..<count {
            let connection = try await RawConnection.open(http.port, from: source)
            // A connection that has lost its place already takes nothing.
            try? await connection.send(text)
            connections.append(connection)
        }
        return connections
    }
}
