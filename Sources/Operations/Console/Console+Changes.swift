import Administration
import Countersign
import Foundation
import HTTPService
import Hummingbird
import Logging
import Postgres

/// What the console's forms do.
extension Console {
    @Sendable func login(_ request: IncomingRequest) async throws -> Response {
        guard request.isFromOwnPage else {
            throw Problem(.forbidden, "foreign_form", "This form was not sent by a page of ours.")
        }
        let fields = try await request.form().values
        let (name, password) = (fields["name"] ?? "", fields["password"] ?? "")
        let next = fields["next"].flatMap(ConsolePage.init)
        return try await answering {
            guard await throttle.allows(name) else {
                let problem = "There were too many wrong passwords: wait a minute."
                return .page(ConsolePage.login(problem: problem, next: next), status: .tooManyRequests)
            }
            guard !password.isEmpty, password.utf8.count <= 256 else {
                let problem = "A password has 1 to 256 characters."
                return .page(ConsolePage.login(problem: problem, next: next), status: .unauthorized)
            }
            let token = try await pool.withConnection { connection in
                try await connection.run(SpeakAs(actor: "console:\(name)"))
                return try await ConsoleSession.begin(name, password: password, &connection)
            }
            guard let token else {
                await throttle.failed(name)
                logger.notice("console sign-in refused")
                let problem = "The name or the password is wrong."
                return .page(ConsolePage.login(problem: problem, next: next), status: .unauthorized)
            }
            logger.notice("operator signed in", metadata: ["operator": "\(name)"])
            return .redirect("/console/\((next ?? .queues).rawValue)", cookie: "\(token); Max-Age=28800")
        }
    }

    @Sendable func logout(_ request: IncomingRequest) async throws -> Response {
        try await answering {
            let fields = try await request.form().values
            try await pool.withConnection { connection in
                guard let session = try await session(of: request, &connection),
                    isGenuine(request, fields, session), let token = request.sessionToken
                else { return }
                try await ConsoleSession.end(token, &connection)
            }
            return .redirect("/console/login", cookie: "; Max-Age=0")
        }
    }

    @Sendable func act(_ request: IncomingRequest) async throws -> Response {
        try await answering {
            let fields = try await request.form().values
            return try await pool.withConnection { connection in
                guard let session = try await session(of: request, &connection) else {
                    return .toLogin(request, next: fields["page"].flatMap(ConsolePage.init))
                }
                guard isGenuine(request, fields, session) else {
                    throw Problem(
                        .forbidden, "foreign_form",
                        "This form was not sent by a page of yours: open the page again.")
                }
                guard session.isAdmin else {
                    throw Problem(.forbidden, "read_only", "Your account only looks.")
                }
                return try await act(fields, session, &connection)
            }
        }
    }

    private func act(
        _ fields: [String: String], _ session: ConsoleSession, _ connection: inout Connection
    ) async throws -> Response {
        try await connection.run(SpeakAs(actor: "console:\(session.name)"))
        let page = fields["page"].flatMap(ConsolePage.init) ?? .queues
        do {
            guard let action = operatorActions.first(where: { $0.name == fields["action"] }) else {
                throw UnreadableInput("there is no such action")
            }
            let sentences = try await action.init(ActionWords(form: fields)).run(&connection)
            let sentence = sentences.replacing("\n", with: "; ")
            logger.notice(
                "operator acted",
                metadata: ["operator": "\(session.name)", "action": "\(fields["action"] ?? "")"])
            let proof = session.proof(of: sentence)
            return .redirect("/console/\(page.rawValue)?notice=\(escaped(sentence))&proof=\(proof)")
        } catch {
            guard let sentence = refusal(error) else { throw error }
            var frame = session.frame
            frame.refusal = Refusal(form: fields["form"] ?? "", sentence: sentence, fields: fields)
            let inner = try await page.render(nil, frame, &connection)
            let isShown = inner.contains(#"class="problem" id="problem-"#)
            // The thing may have gone from the page meanwhile, and its form with it.
            let notice = isShown ? nil : "Not done: \(sentence)."
            return .page(page.frame(inner, notice: notice, frame), status: .unprocessableContent)
        }
    }

    /// What its command would say; nil for what nobody can mend by typing something else.
    private func refusal(_ error: any Error) -> String? {
        if let error = error as? UnreadableInput { return "\(error)" }
        if let error = error as? AdministrationError { return "\(error)" }
        guard let error = PostgresError(in: error) else { return nil }
        if let refused = AdministrationError(error) { return "\(refused)" }
        switch error.state {
        case "CS", "22", "23": return error.message
        default: return nil
        }
    }

    private func isGenuine(_ request: IncomingRequest, _ fields: [String: String], _ session: ConsoleSession)
        -> Bool
    {
        request.isFromOwnPage
            && constantTimeEqual(Array((fields["csrf"] ?? "").utf8), Array(session.formToken.utf8))
    }
}

extension IncomingRequest {
    /// Browsers say where a request comes from; who says nothing is none.
    var isFromOwnPage: Bool {
        if let site = headers[.secFetchSite] { return site == "same-origin" }
        guard let origin = headers[.origin] else { return false }
        return origin.split(separator: "/").last.map(String.init) == request.head.authority
    }
}

private func escaped(_ text: String) -> String {
    text.utf8.map { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            String(UnicodeScalar(byte))
        default: "%" + String(UInt16(byte) + 0x100, radix: 16, uppercase: true).dropFirst()
        }
    }.joined()
}
