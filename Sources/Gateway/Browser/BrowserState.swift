import Countersign
import Postgres

/// What a page is told: how its request stands, never who signs in.
struct BrowserState: Encodable, Sendable {
    struct Code: Encodable, Sendable {
        struct Picture: Encodable, Sendable {
            /// Modules on a side, with the quiet zone.
            let size: Int
            /// The dark modules, as the `d` of a path in SVG.
            let path: String
        }

        let otp: String
        /// What opens the app on the same device, where the gateway has been told how.
        let link: String?
        /// Of the link as one scans it or, without one, of the code.
        let qr: Picture
        /// Milliseconds that it is good for.
        let valid_for: Int64
    }

    let transaction_id: String
    let status: String
    let code: Code?
    /// Milliseconds until the request ends by itself.
    let expires_in: Int64
    /// Of types that ask for a confirmation number: `awaited` or `given`.
    let confirmation: String?
    let confirmation_tries_left: Int?
    /// Another one for whatever else is to be shown: a long poll waits for that.
    let version: String

    /// `step` is what is shown of the look.
    init(
        _ look: BrowserLook, _ step: CodeSteps.Step?, of call: BrowserCall, _ template: LinkTemplate?
    ) {
        transaction_id = call.transactionID.description
        status = look.status
        code = step.flatMap { Self.code($0, at: look.now, template, isByLink: look.isByLink) }
        expires_in =
            look.isFinal ? 0 : max(0, look.now.duration(to: look.expiresAt) / .milliseconds(1)).rounded64
        confirmation = look.confirmation
        confirmation_tries_left = look.confirmationTriesLeft
        version = Self.version(look, step)
    }

    static func version(_ look: BrowserLook, _ step: CodeSteps.Step?) -> String {
        let parts = [
            look.status, step.map { "\($0.number)" }, look.confirmation,
            look.confirmationTriesLeft.map { "\($0)" },
        ]
        return parts.map { $0 ?? "" }.joined(separator: ".")
    }

    private static func code(
        _ step: CodeSteps.Step, at now: Timestamp, _ template: LinkTemplate?, isByLink: Bool
    ) -> Code? {
        QRCode(template?.link(step.otp) ?? step.otp).map { picture in
            Code(
                otp: step.otp, link: template?.link(step.otp, isOpened: isByLink),
                qr: .init(size: picture.side, path: picture.path),
                valid_for: (now.duration(to: step.validUntil) / .milliseconds(1)).rounded64)
        }
    }
}

extension Double {
    fileprivate var rounded64: Int64 { Int64(rounded(.up)) }
}
