import AsyncHTTPClient
import Countersign
import Foundation
import NIOCore
import NIOHTTP1
import Postgres

/// The API for apps, as `countersign serve` offers it, with an access token of the user.
final class HTTPTransport: PhoneTransport {
    /// Longer than the server itself waits for a verdict.
    private static let patience = TimeAmount.seconds(20)
    /// How often an answer may be lost, less one.
    private static let tries = 3
    private let base: String
    private let token: String

    /// - Parameter base: as `http://127.0.0.1:8080`, without a slash at its end.
    init(_ base: String, token: String) {
        (self.base, self.token) = (base, token)
    }

    func enroll(_ device: PhoneDevice, publicKey: String) async throws -> PhoneEnrollment {
        struct Enrolled: Decodable {
            let enrollment_id: String
            let status: String
            let reason: String?
            let server_public_key: String?
        }
        var body = [
            "user_id": device.userID, "device_id": device.deviceID, "platform": "terminal",
            "public_key": publicKey,
        ]
        body["device_name"] = device.name
        let enrolled: Enrolled = try await post("/app/v1/enrollments", body)
        guard let id = Identifier(enrolled.enrollment_id) else { throw strange() }
        return PhoneEnrollment(
            id: id, status: enrolled.status, reason: enrolled.reason,
            serverPublicKey: enrolled.server_public_key)
    }

    func submit(_ submission: PhoneSubmission) async throws -> PhoneAnswer {
        struct Outcome: Decodable {
            let result: String
            let prompt: String?
        }
        let text = submission.text
        let outcome: Outcome = try await post(
            "/app/v1/submissions",
            [
                "enrollment_id": text.enrollmentID.description, "otp": submission.code,
                "action": text.action.rawValue, "signed_at": text.signedAt,
                "prompt_digest": text.promptDigest ?? SubmissionText.noPrompt,
                "signature": submission.signature,
            ])
        return PhoneAnswer(result: outcome.result, reason: nil, prompt: outcome.prompt)
    }

    private func post<T: Decodable>(_ path: String, _ body: [String: String]) async throws -> T {
        var request = HTTPClientRequest(url: base + path)
        request.method = .POST
        request.headers = ["authorization": "Bearer \(token)", "content-type": "application/json"]
        request.body = .bytes(ByteBuffer(bytes: try JSONEncoder().encode(body)))
        let (status, answer) = try await send(request)
        guard (200...201).contains(status) else { throw refusal(status, answer) }
        guard let value = try? JSONDecoder().decode(T.self, from: answer) else { throw strange() }
        return value
    }

    /// Sends the same again when the answer is lost, which gets the outcome of the first. Not for want of a
    /// connection: then nothing was sent.
    private func send(_ request: HTTPClientRequest) async throws -> (status: UInt, body: Data) {
        for _ in 1..<Self.tries {
            do {
                return try await sendOnce(request)
            } catch let error as HTTPClientError where error == .remoteConnectionClosed {
                continue
            } catch is IOError {
                continue
            } catch {
                throw unreachable(error)
            }
        }
        do { return try await sendOnce(request) } catch { throw unreachable(error) }
    }

    /// Follows no redirection: code and token are for this address alone.
    private func sendOnce(_ request: HTTPClientRequest) async throws -> (status: UInt, body: Data) {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout.connect = .seconds(5)
        return try await HTTPClient.withHTTPClient(configuration: configuration) { client in
            let response = try await client.execute(request, timeout: Self.patience)
            let body = try await response.body.collect(upTo: 262_144)
            return (response.status.code, Data(body.readableBytesView))
        }
    }

    private func unreachable(_ error: any Error) -> Failure {
        Failure(.unavailable, "cannot reach \(base): \(error)")
    }

    private func refusal(_ status: UInt, _ answer: Data) -> Failure {
        struct Problem: Decodable {
            let error: String
            let error_description: String
        }
        guard let problem = try? JSONDecoder().decode(Problem.self, from: answer) else {
            return Failure(.unavailable, "\(base) answers with the status \(status)")
        }
        let kind: Failure.Status =
            switch status {
            case 401: .permission
            case 429, 503: .temporary
            case 500...: .unavailable
            default: .data
            }
        return Failure(kind, "the server refuses: \(problem.error): \(problem.error_description)")
    }

    private func strange() -> Failure {
        Failure(.unavailable, "\(base) answers with what the API for apps never does")
    }
}
