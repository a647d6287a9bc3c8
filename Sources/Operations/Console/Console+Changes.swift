import Administration
import Countersign
import Foundation
import HTTPService
import Hummingbird
import Logging
import Postgres

/// What the console's forms do.
extension Console {
    @Sendable func act(_ request: IncomingRequest) async throws -> Response {
        try await changing(request) { fields, session, connection in
            guard let type = operatorActions.first(where: { $0.name == fields["action"] }) else {
                throw UnreadableInput("there is no such action")
            }
            guard type.role <= session.role else {
                let needed = session.role == .viewer ? "only looks" : "may not do that"
                throw Problem(.forbidden, "read_only", "Your account \(needed).")
            }
            let words = ActionWords(form: fields)
            let action = try type.init(words)
            if action.needsPassword {
                let account = try await StoredAccount.find(session.name, &connection)
                guard account.fits(fields["password"] ?? "") else { throw WrongPassword() }
            }
            let sentences = try await run(action, line: type.line(words), &connection)
            logger.notice(
                "operator acted", metadata: ["operator": "\(session.name)", "action": "\(type.name)"])
            return ChangeAnswer(sentences.replacing("\n", with: "; "), isSecret: type.answersSecret)
        }
    }

    /// Does it and writes it into the journal. What is shown this once is done only if the journal takes it, as by its command;
    /// whatever else is done then, and the answer says that the journal has not taken it.
    private func run(
        _ action: any OperatorAction, line: String, _ connection: inout Connection
    ) async throws -> String {
        if action is any SecretAction {
            // A disk that hangs must not hold rows and their locks.
            return try await connection.transaction(idleAtMost: .seconds(10)) { connection in
                let done = try await action.run(&connection)
                try await journal?.append(line)
                return done
            }
        }
        if type(of: action).isInPortions {
            try await journal?.append(action.journalLine(line, &connection))
            return try await action.run(&connection)
        }
        let done = try await action.run(&connection)
        do {
            try await journal?.append(action.journalLine(line, &connection))
            return done
        } catch let error as JournalError {
            logger.error(
                "done, and not in the journal", metadata: ["error": "\(error)", "command": "\(line)"])
            return "\(done)\nit is done, but not in the journal: \(error)"
        }
    }

    /// Lets who has signed in change something by a form of a page of ours. What is refused stands beside the form.
    func changing(
        _ request: IncomingRequest,
        _ change: ([String: String], ConsoleSession, inout Connection) async throws -> ChangeAnswer
    ) async throws -> Response {
        try await answering {
            let fields = try await request.form().values
            return try await pool.withConnection { connection in
                guard let session = try await session(of: request, &connection) else {
                    return .toLogin(request, next: fields["page"].flatMap(ConsolePlace.init))
                }
                guard isGenuine(request, fields, session) else {
                    throw Problem(
                        .forbidden, "foreign_form",
                        "This form was not sent by a page of yours: open the page again.")
                }
                let place = fields["page"].flatMap(ConsolePlace.init) ?? ConsolePlace(.overview)
                do {
                    try await connection.run(SpeakAs(actor: "console:\(session.name)"))
                    let answer = try await change(fields, session, &connection)
                    return try await tell(answer, place, session, &connection)
                } catch {
                    return try await refuse(error, fields, place, session, request, &connection)
                }
            }
        }
    }

    /// By a redirect, so that a reload does not press again; but what is secret stands in no address.
    private func tell(
        _ answer: ChangeAnswer, _ place: ConsolePlace, _ session: ConsoleSession,
        _ connection: inout Connection
    ) async throws -> Response {
        guard answer.isSecret else {
            let proof = session.proof(of: answer.sentence)
            let notice = "notice=\(urlEscaped(answer.sentence))&proof=\(proof)"
            return .redirect("\(place.address)\(place.isPlain ? "?" : "&")\(notice)")
        }
        let inner = try await place.render(frame(of: session), &connection)
        return .page(place.frame(inner, notice: answer.sentence, frame(of: session)))
    }

    private func refuse(
        _ error: any Error, _ fields: [String: String], _ place: ConsolePlace, _ session: ConsoleSession,
        _ request: IncomingRequest, _ connection: inout Connection
    ) async throws -> Response {
        guard let sentence = refusal(error) else { throw error }
        if error is WrongPassword {
            _ = try await record(session.name, "wrong password for a change", request, &connection)
        }
        var frame = frame(of: session)
        frame.refusal = Refusal(form: fields["form"] ?? "", sentence: sentence, fields: fields)
        let inner = try await place.render(frame, &connection)
        let isShown = inner.contains(#"class="problem" id="problem-"#)
        // The thing may have gone from the page meanwhile, and its form with it.
        let notice = isShown ? nil : "Not done: \(sentence)."
        return .page(place.frame(inner, notice: notice, frame), status: .unprocessableContent)
    }

    /// What its command would say; nil for what nobody can mend by typing something else.
    private func refusal(_ error: any Error) -> String? {
        if let error = error as? UnreadableInput { return "\(error)" }
        if let error = error as? WrongPassword { return "\(error)" }
        if let error = error as? AdministrationError { return "\(error)" }
        if let error = error as? JournalError { return "\(error)" }
        guard let error = PostgresError(in: error) else { return nil }
        if let refused = AdministrationError(error) { return "\(refused)" }
        switch error.state {
        case "CS", "22", "23": return error.message
        default: return nil
        }
    }

    func isGenuine(_ request: IncomingRequest, _ fields: [String: String], _ session: ConsoleSession) -> Bool
    {
        request.isFromOwnPage
            && constantTimeEqual(Array((fields["csrf"] ?? "").utf8), Array(session.formToken.utf8))
    }
}

/// What a change has come to.
struct ChangeAnswer: ExpressibleByStringLiteral {
    let sentence: String
    /// It is shown this once.
    var isSecret = false

    init(_ sentence: String, isSecret: Bool) { (self.sentence, self.isSecret) = (sentence, isSecret) }
    init(stringLiteral sentence: String) { self.sentence = sentence }
}
