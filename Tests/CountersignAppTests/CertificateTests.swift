import CountersignApp
import Foundation
import OpenPGP
import Support
import Testing

/// What a device makes, read by librnp and by GnuPG.
@Suite(.gnuPG, .serialized) struct CertificateTests {
    let gnuPG = GnuPG.current

    @Test(arguments: AppKey.kinds)
    func `the server takes the certificate`(kind: AppKey.Kind) async throws {
        let key = kind.make()
        let device = try OpenPGPContext().inspect(publicKey: try await key.certificate(name: "phone-1"))
        #expect(device.fingerprint == key.fingerprint)
        #expect(device.signingFingerprints == [key.fingerprint])
        #expect(device.canEncrypt)
    }

    @Test(arguments: AppKey.kinds)
    func `GnuPG takes the certificate and a signature`(kind: AppKey.Kind) async throws {
        let key = kind.make()
        try gnuPG.importKey(Array(try await key.certificate(name: "phone-\(kind)").utf8))
        let submission = try await key.submission(
            .deny, AppCode(someCode), enrollmentID: UUID(), at: Date(timeIntervalSinceNow: 0))
        let text = try gnuPG.file(submission.lines.bytes)
        let signature = try gnuPG.file(Array(submission.signature.utf8))
        let status = try gnuPG.run("--status-fd", "1", "--verify", signature, text, input: [])
        #expect(String(decoding: status, as: UTF8.self).contains("[GNUPG:] VALIDSIG \(key.fingerprint) "))
    }

    @Test(arguments: AppKey.kinds)
    func `the server takes a signature of the lines`(kind: AppKey.Kind) async throws {
        let key = kind.make()
        let submission = try await key.submission(
            .accept, AppCode(someCode), enrollmentID: UUID(), at: Date(), prompt: Prompt("Acme\nSign in"))
        let verified = try OpenPGPContext().verify(
            signature: submission.signature, message: submission.lines.bytes,
            by: try await key.certificate(name: "phone"))
        #expect(verified.fingerprint == key.fingerprint)
        let certificate = try await key.certificate(name: "phone")
        #expect(throws: SignatureRefusal.otherText) {
            try OpenPGPContext().verify(
                signature: submission.signature, message: submission.lines.bytes + [10], by: certificate)
        }
    }
}
