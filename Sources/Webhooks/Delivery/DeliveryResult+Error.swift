import AsyncHTTPClient
import Countersign
import Glibc
import NIOCore
import NIOHTTP1
import NIOSSL

extension DeliveryResult {
    /// Of an exchange that brought no answer.
    init(_ error: any Error) {
        let failure = Self.failure(error)
        self.init(failure: failure, detail: Self.detail(error, failure))
    }

    private static func failure(_ error: any Error) -> Failure {
        switch error {
        case let error as HTTPClientError
        where [.connectTimeout, .deadlineExceeded, .readTimeout, .tlsHandshakeTimeout].contains(error):
            .timeout
        case is CancellationError: .timeout
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: .tls
        case let error as IOError where [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(error.errnoCode):
            .resources
        default: .connection
        }
    }

    /// Short, and of the error's own words only: they name no header and no body. Some quote what the receiver has sent, so they
    /// are cut by scalars: a character may consist of any number of them, and the database keeps 1,024 bytes.
    private static func detail(_ error: any Error, _ failure: Failure) -> String {
        let text = "\(error)"
        let reasons = [
            ("CERTIFICATE_VERIFY_FAILED", "the certificate is not trusted, expired, or not yet valid"),
            ("failedToValidateHostname", "the certificate is for another name"),
            ("connectTimeout", "no connection within 3 s"), ("deadlineExceeded", "no answer within 10 s"),
            ("CancellationError", "given up"), ("Connection refused", "the connection was refused"),
            ("remoteConnectionClosed", "the connection was closed before an answer"),
            ("AnswerTooLong", "256 KiB came, and no answer among them"),
            ("UnsoundStatus", "the status of the answer is not three digits"),
        ]
        return reasons.first { text.contains($0.0) }?.1
            ?? masked(text.unicodeScalars.prefix(200)) { !$0.isSeen }
    }
}
