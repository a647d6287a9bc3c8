import Administration
import HTTPService
import Postgres

/// What the doctor says of the certificate that `serve` shows, where the environment names it.
struct CertificateCheck {
    let path: String
    let now: Timestamp

    /// A certificate that is renewed by itself is so a month before its end.
    static let soon = 30

    var finding: Finding {
        let file = "the certificate \(path)"
        guard let end = try? certificateEnd(path) else {
            return Finding("certificate", .error, "\(file) cannot be read", "Name a file in PEM.", look)
        }
        let seconds = end - now.microseconds / 1_000_000
        let days = seconds / 86_400
        guard seconds > 0 else {
            return Finding("certificate", .error, "\(file) has ended", "Renew it, and restart `serve`.", look)
        }
        guard days < Self.soon else { return Finding("certificate", .ok, "\(file) is good for \(days) days") }
        return Finding(
            "certificate", .warning, "\(file) ends in \(days) days", "Renew it, and restart `serve`.", look)
    }

    private var look: Remedy {
        let word = "'" + path.replacing("'", with: "'\\''") + "'"
        return Remedy(["openssl x509 -noout -subject -issuer -enddate -in \(word)"], by: .shell)
    }
}
