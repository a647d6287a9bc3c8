import Support

/// Clients that a gateway would rather not have, until they are sent away.
struct GatewayClients: ~Copyable {
    private let running: Task<Void, any Error>

    /// Somebody who sends wrong secrets, five a second.
    static func guessing(at port: Int) -> GatewayClients {
        let start = request(
            "POST", "/oauth/api/v4/authenticate/user", ["Authorization": "Basic \(base64("acme-web:wrong"))"],
            body: "")
        return GatewayClients { _ = try? await RawHTTP(port: port).send(start) }
    }

    /// So many who keep their connections, and ask for something each time so that they may.
    static func crowd(of count: Int, at port: Int) async throws -> GatewayClients {
        var connections: [RawConnection] = []
        for _ in 0..<count { connections.append(try await RawConnection.open(port)) }
        return GatewayClients { [connections] in
            for connection in connections {
                try await connection.send(request("GET", "/openapi.json"))
                _ = try await connection.answer()
            }
        }
    }

    private init(_ act: @escaping @Sendable () async throws -> Void) {
        running = Task {
            while true {
                try await act()
                try await Task.sleep(for: .milliseconds(200))
            }
        }
    }

    deinit { running.cancel() }
}
