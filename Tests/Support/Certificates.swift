package import Foundation
package import NIOSSL

/// A CA of the test's own, `ca.pem`, and servers' certificates, good and bad ones: see certificates.py.
package struct Certificates: Sendable {
    package let folder: URL

    /// Makes them for the time of the body.
    package static func make<T>(_ body: (Certificates) async throws -> T) async throws -> T {
        let folder = FileManager.default.temporaryDirectory.appending(path: "tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        _ = try await Python.run("certificates.py", folder.path)
        return try await body(Certificates(folder: folder))
    }

    /// The CA's certificate in PEM.
    package var authority: String { folder.appending(path: "ca.pem").path }

    /// What a server with that certificate runs with.
    package func server(_ name: String) throws -> TLSConfiguration {
        let chain = try NIOSSLCertificate.fromPEMFile(folder.appending(path: "\(name).pem").path)
        let key = try NIOSSLPrivateKey(file: folder.appending(path: "\(name).key").path, format: .pem)
        return .makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
    }

    package func context(_ name: String) throws -> NIOSSLContext {
        try NIOSSLContext(configuration: try server(name))
    }
}
