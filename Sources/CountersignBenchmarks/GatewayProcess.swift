import Administration
import Countersign
import Crypto
import Foundation
import Postgres

/// A running `countersign serve`, as an operator starts it, with what its clients need.
struct GatewayProcess: Sendable {
    let port: Int
    /// `Authorization` of each portal.
    let portals: [String]

    private let process: ChildProcess
    private let key: P256.Signing.PrivateKey
    private let keys: URL

    var processID: Int32 { process.processID }

    /// Returns when it serves.
    static func start(_ bench: Bench) async throws -> GatewayProcess {
        let login = try await bench.makeLogin("gateway", in: "gateway")
        var owner = try await bench.database.connectAsOwner()
        var portals: [String] = []
        for site in bench.installation.portals {
            let new = try await PortalCredential.add(portal: site.name, clientID: nil, &owner)
            portals.append("Basic " + Data("\(new.clientID):\(new.secret)".utf8).base64EncodedString())
        }
        let key = P256.Signing.PrivateKey()
        let keys = FileManager.default.temporaryDirectory.appending(path: "bench-jwks-\(UUID()).json")
        try keySet(key).write(to: keys)
        let process = try ChildProcess(
            bench.program,
            [
                "serve", "--listen", "127.0.0.1:0", "--pool-size", "16", "--jwks", keys.path, "--jwt-issuer",
                "bench", "--jwt-audience", "bench", "--jwt-app", "mobile",
            ], environment: ["DATABASE_URL": bench.database.url(login)])
        do {
            let port = try await port(of: process)
            return GatewayProcess(port: port, portals: portals, process: process, key: key, keys: keys)
        } catch {
            await process.stop(within: .seconds(5))
            throw error
        }
    }

    private static func port(of process: ChildProcess) async throws -> Int {
        let deadline = ContinuousClock.now + .seconds(20)
        while process.isRunning, ContinuousClock.now < deadline {
            if let match = process.output.firstMatch(of: /address=http:\/\/127\.0\.0\.1:(\d+)/) {
                return Int(match.1) ?? 0
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw BenchError("the server does not start: \(process.output)")
    }

    func stop() async {
        await process.stop(within: .seconds(15))
        try? FileManager.default.removeItem(at: keys)
    }

    /// An access token of that user.
    func token(_ user: String) throws -> String {
        let header = #"{"alg":"ES256","typ":"at+jwt","kid":"bench"}"#
        let end = Int(Date.now.timeIntervalSince1970) + 43_200
        let claims = #"{"iss":"bench","aud":"bench","sub":"\#(user)","exp":\#(end)}"#
        let signed = "\(base64URLEncoded(Data(header.utf8))).\(base64URLEncoded(Data(claims.utf8)))"
        return "\(signed).\(base64URLEncoded(try key.signature(for: Data(signed.utf8)).rawRepresentation))"
    }

    private static func keySet(_ key: P256.Signing.PrivateKey) -> Data {
        let point = key.publicKey.rawRepresentation
        let (x, y) = (base64URLEncoded(point.prefix(32)), base64URLEncoded(point.suffix(32)))
        return Data(
            #"{"keys":[{"kty":"EC","crv":"P-256","alg":"ES256","kid":"bench","x":"\#(x)","y":"\#(y)"}]}"#.utf8
        )
    }
}
