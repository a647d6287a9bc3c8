import Administration
import Countersign
import HTTPService
import Hummingbird
import Logging
import Postgres

/// What an operator does to the own account.
extension Console {
    /// Takes the secret that the page has shown, a code made of it, and the account's password.
    @Sendable func addSecondFactor(_ request: IncomingRequest) async throws -> Response {
        try await changing(request) { fields, session, connection in
            guard let factor = TimeCode(base32: fields["secret"] ?? "") else {
                throw UnreadableInput("the secret is not one that this page has shown")
            }
            let account = try await StoredAccount.find(session.name, &connection)
            let code = (fields["code"] ?? "").filter { $0 != " " }
            try await account.enroll(
                factor, code: code, password: fields["password"] ?? "", keeping: session, &connection)
            logger.notice("second factor added", metadata: ["operator": "\(session.name)"])
            return "your account has a second factor: signing in needs a code of it from now on"
        }
    }
}

extension ConsoleRole {
    var words: String {
        switch self {
        case .viewer: "viewer: looks, and sees no users"
        case .operator: "operator: also acts on stages, workers and webhooks, and pauses"
        case .admin: "admin: sees users, and changes everything"
        }
    }
}

/// The operator's own account.
enum AccountView {
    static let form = "second-factor"

    static func content(
        _ frame: PageFrame, _ connection: inout Connection
    ) async throws -> [String: Any] {
        let account = try await ConsoleAccount.find(frame.operatorName, &connection)
        let refusal = frame.refusal.flatMap { $0.form == form ? $0 : nil }
        // The one that has been scanned already stays, when only the code was mistyped.
        let factor = refusal.flatMap { TimeCode(base32: $0.fields["secret"] ?? "") } ?? .make()
        let image = QRCode(factor.address(frame.operatorName))?.svg ?? ""
        let groups = stride(from: 0, to: factor.base32.count, by: 4).map {
            factor.base32.dropFirst($0).prefix(4)
        }
        return [
            "name": frame.operatorName,
            "may": frame.role.words + (frame.portal.map { ", of portal \($0) only" } ?? ""),
            "hasFactor": account?.hasSecondFactor == true, "secret": factor.base32,
            "spelled": groups.joined(separator: " "),
            "image": image.replacing(
                "<svg ", with: "<svg class=\"qr\" role=\"img\" aria-label=\"QR code of the secret\" ",
                maxReplacements: 1),
            "refused": refusal != nil, "problem": refusal?.sentence ?? "",
        ]
    }
}
