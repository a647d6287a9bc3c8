package import Countersign
import Engine
import Foundation
package import OpenPGP
package import Postgres
import Testing

/// An enrolled device with keys of its own, as an app implements it.
package struct SQLPhone: Sendable {
    package let keys: KeyPair
    package let enrollment: Identifier
    package let context: OpenPGPContext

    package init(keys: KeyPair, enrollment: Identifier, context: OpenPGPContext) {
        (self.keys, self.enrollment, self.context) = (keys, enrollment, context)
    }

    /// Enrolls and waits until the enrollment is active.
    package static func enroll(
        _ user: String, on device: String = "phone", _ app: inout Connection
    ) async throws -> SQLPhone {
        let context = try OpenPGPContext(capacity: 4)
        let keys = try context.generateKeyPair(userID: user)
        let result = try await app.enroll(user, device, key: keys.publicKey)
        try #require(result.status == "active", "\(result.reason ?? "")")
        return SQLPhone(keys: keys, enrollment: result.id, context: context)
    }

    /// What it would send, before anything of it is spoiled.
    package func submission(
        _ action: SubmissionAction, _ code: String, prompt: String? = nil, at offset: Duration = .zero
    ) throws -> SignedSubmission {
        try SignedSubmission(
            action, code, of: enrollment, prompt: prompt, at: offset, by: keys, context)
    }

    package func sign(_ text: SubmissionText) throws -> String {
        try context.sign(text.bytes, with: keys.secretKey)
    }

    package func send(
        _ action: SubmissionAction, _ code: String, prompt: String? = nil, at offset: Duration = .zero,
        _ app: inout Connection
    ) async throws -> (result: String, reason: String?, prompt: String?) {
        try await app.submit(try submission(action, code, prompt: prompt, at: offset))
    }

    /// The secure message in a prompt, verified as the server's.
    package func secureMessage(in prompt: String, serverKey: String) throws -> String {
        let start = try #require(prompt.range(of: "-----BEGIN PGP MESSAGE-----", options: .backwards))
        let text = try context.decrypt(
            String(prompt[start.lowerBound...]), with: keys.secretKey, signedBy: serverKey)
        return String(decoding: text, as: UTF8.self)
    }
}

extension Connection {
    /// Enrolls and waits until the enrollment is no longer pending.
    package mutating func enroll(
        _ user: String, _ device: String, key: String
    ) async throws -> (id: Identifier, status: String, reason: String?) {
        let channel = try await execute("SELECT countersign.app_channel()")[0].text(0)
        try await listen(to: [channel])
        let id = try await run(SQL.enrollKey, [.text(user), .text(device), .text(key)])[0].identifier(0)
        while true {
            let row = try await run(SQL.enrollment, [.identifier(id)])[0]
            if try row.text(0) != "pending" { return (id, try row.text(0), try row.optionalText(1)) }
            _ = try await notifications(until: .now + .seconds(2))
        }
    }

    package mutating func submit(
        _ submission: SignedSubmission
    ) async throws -> (result: String, reason: String?, prompt: String?) {
        let id = try await run(SQL.submitText, submission.parameters)[0].identifier(0)
        let row = try await run(SQL.outcome, [.identifier(id)])[0]
        return (try row.text(0), try row.optionalText(1), try row.optionalText(2))
    }

    package mutating func serverKey(_ enrollment: Identifier) async throws -> String {
        try await run(SQL.serverKey, [.identifier(enrollment)])[0].text(0)
    }
}
