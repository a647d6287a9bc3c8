public import Foundation

/// The API for apps of one server: enrolls this device, scans, and answers.
///
/// An answer that is lost is asked for again, which is safe: the same submission gets the outcome of the first.
public struct Client: Sendable {
    /// Before each time that one request is sent: a phone that changes networks has none for a moment.
    private static let pauses: [Duration] = [.zero, .milliseconds(500), .seconds(1)]

    private let server: URL
    private let transport: any Transport
    private let token: @Sendable () async throws -> String
    private let clock = ServerClock()

    /// - Parameters:
    ///   - server: as `https://sign-in.example`. Plain HTTP is for this machine alone: whoever reads a token on its
    ///     way can be the user.
    ///   - transport: the module CountersignURLSession has one.
    ///   - token: gives the user's access token (RFC 9068), a fresh one when the last has ended.
    public init(
        _ server: URL, transport: any Transport,
        token: @escaping @Sendable () async throws -> String
    ) {
        self.server = server
        self.transport = transport
        self.token = token
    }

    /// The server's time; the device's, before the first answer.
    public func now() async -> Date { await clock.now }

    /// Asks the server for its time. Call it before the device's key is made: a key may be made at most five
    /// minutes ahead of the server's clock.
    public func learnTime() async throws {
        _ = try await send("GET", "/app/v1/enrollments")
    }

    /// Exchanges keys with the server. Enrolling the same device again replaces its enrollment.
    ///
    /// - Throws: `AppError.rejectedKey` where the server does not take the key.
    public func enroll(
        _ key: DeviceKey, userID: String, deviceID: String, deviceName: String? = nil, platform: String? = nil
    ) async throws -> Enrollment {
        let body = EnrollBody(
            user_id: userID, device_id: deviceID, device_name: deviceName, platform: platform,
            public_key: try await key.certificate(name: deviceID))
        let answer: Enrolled = try await post("/app/v1/enrollments", body)
        guard answer.status == "active", let id = UUID(uuidString: answer.enrollment_id) else {
            throw AppError.rejectedKey(answer.reason ?? answer.status)
        }
        return Enrollment(
            id: id, userID: userID, deviceID: deviceID, serverPublicKey: answer.server_public_key)
    }

    /// Binds the request to this device, and returns what the user must see.
    public func scan(_ code: Code, _ enrollment: Enrollment, _ key: DeviceKey) async throws -> Prompt {
        let outcome = try await submit(.scan, code, enrollment, key, prompt: nil)
        guard let prompt = outcome.prompt else { throw AppError.unexpected(status: 200) }
        return Prompt(prompt)
    }

    /// Signs the user in at the portal that shows the code.
    ///
    /// - Parameter prompt: what the scan has returned and the user has seen.
    /// - Returns: what to open in the browser, where a link has opened the app: it alone ends the sign-in there.
    @discardableResult
    public func accept(
        _ code: Code, _ prompt: Prompt?, _ enrollment: Enrollment, _ key: DeviceKey
    ) async throws -> URL? {
        let outcome = try await submit(.accept, code, enrollment, key, prompt: prompt)
        return outcome.return_uri.flatMap { URL(string: $0) }
    }

    /// Ends the request without a sign-in.
    ///
    /// - Parameter isSomebodyElse: whether the user says that it was not he who began: the portal is told.
    public func deny(
        _ code: Code, _ prompt: Prompt?, _ enrollment: Enrollment, _ key: DeviceKey,
        isSomebodyElse: Bool = false
    ) async throws {
        _ = try await submit(
            .deny, code, enrollment, key, prompt: prompt, denyReason: isSomebodyElse ? "not_me" : nil)
    }

    /// Lets another device of the user answer, which the server holds until an older one has confirmed it. Ask the user
    /// before: it is as good as this one from then on.
    ///
    /// - Parameter device: the `confirmation` of the other device, as `devices` has it.
    public func confirm(_ device: Code, _ enrollment: Enrollment, _ key: DeviceKey) async throws {
        _ = try await submit(.confirm, device, enrollment, key, prompt: nil)
    }

    /// The user's devices, newest first, at most 100; those that were refused or revoked are among them.
    public func devices() async throws -> [EnrolledDevice] {
        let answer = try await send("GET", "/app/v1/enrollments")
        guard let list = try? JSONDecoder().decode(EnrolledList.self, from: answer.body) else {
            throw AppError.unexpected(status: answer.status)
        }
        return list.enrollments.compactMap(\.device)
    }

    /// Makes a device of the user answer no more: this one, or another that is lost or not the user's.
    ///
    /// - Parameter id: of its enrollment.
    public func revoke(_ id: UUID) async throws {
        _ = try await send("DELETE", "/app/v1/enrollments/\(id.uuidString.lowercased())")
    }

    /// Sends what was signed already, as again after the app was ended in between.
    ///
    /// - Returns: the prompt, of a scan.
    public func send(_ submission: Submission) async throws -> Prompt? {
        let outcome: Outcome = try await post("/app/v1/submissions", SubmissionBody(submission))
        return outcome.prompt.map { Prompt($0) }
    }

    /// Signs anew once when the server found the clock wrong: its answer has told the time.
    private func submit(
        _ action: Action, _ code: Code, _ enrollment: Enrollment, _ key: DeviceKey, prompt: Prompt?,
        denyReason: String? = nil
    ) async throws -> Outcome {
        do {
            return try await submitOnce(action, code, enrollment, key, prompt, denyReason)
        } catch AppError.wrongClock {
            return try await submitOnce(action, code, enrollment, key, prompt, denyReason)
        }
    }

    private func submitOnce(
        _ action: Action, _ code: Code, _ enrollment: Enrollment, _ key: DeviceKey, _ prompt: Prompt?,
        _ denyReason: String?
    ) async throws -> Outcome {
        var submission = try await key.submission(
            action, code, enrollmentID: enrollment.id, at: now(), prompt: prompt)
        submission.denyReason = denyReason
        return try await post("/app/v1/submissions", SubmissionBody(submission))
    }

    private func post<T: Decodable>(_ path: String, _ body: some Encodable) async throws -> T {
        let answer = try await send("POST", path, try JSONEncoder().encode(body))
        guard let value = try? JSONDecoder().decode(T.self, from: answer.body) else {
            throw AppError.unexpected(status: answer.status)
        }
        return value
    }

    private func send(_ method: String, _ path: String, _ body: Data = Data()) async throws -> TransportAnswer
    {
        guard let url = URL(string: path, relativeTo: server)?.absoluteURL else {
            throw AppError.malformed("the server's address is none")
        }
        var headers = ["authorization": "Bearer \(try await token())"]
        if !body.isEmpty { headers["content-type"] = "application/json" }
        let answer = try await sendUntilAnswered(
            TransportRequest(method: method, url: url, headers: headers, body: body))
        await clock.learn(from: answer)
        guard (200..<300).contains(answer.status) else { throw AppError(answer) }
        return answer
    }

    private func sendUntilAnswered(_ request: TransportRequest) async throws -> TransportAnswer {
        var reason = ""
        for pause in Self.pauses {
            try await Task.sleep(for: pause)
            do {
                return try await transport.send(request)
            } catch {
                try Task.checkCancellation()
                reason = "\(error)"
            }
        }
        throw AppError.unreachable("cannot reach \(server.absoluteString): \(reason)")
    }
}
