import NIOSSL

/// The certificates that receivers' chains must end in. Parsed once: a client that read the system's bundle by
/// itself would take some milliseconds and a megabyte each.
package struct TrustRoots: Sendable {
    let certificates: [NIOSSLCertificate]

    /// Where distributions keep theirs: Debian, Fedora, Alpine.
    private static let bundles = [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem",
    ]

    /// Without any, every TLS handshake fails.
    package static let none = TrustRoots(certificates: [])

    private init(certificates: [NIOSSLCertificate]) { self.certificates = certificates }

    /// Of a PEM file. Throws when it cannot be read or holds none.
    package init(file: String) throws {
        certificates = try NIOSSLCertificate.fromPEMFile(file)
        guard !certificates.isEmpty else { throw NoCertificates() }
    }

    package struct NoCertificates: Error {}

    /// Of the system; none when it has no bundle.
    package static func system() -> TrustRoots {
        for bundle in bundles {
            if let roots = try? TrustRoots(file: bundle) { return roots }
        }
        return .none
    }
}
