import Administration
import ArgumentParser
import Countersign
import Postgres

struct RequestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "request",
        abstract: "Authentication requests, one at a time.",
        discussion: """
            Example:
              countersign request show 0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f
            """,
        subcommands: [RequestShow.self])
}

struct RequestShow: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show the whole life of a request.",
        discussion: """
            Its times and states, the submissions for it with their results, the deliveries of its callback. \
            No code and no secret; who signed in only for members of countersign_admin. It takes no locks.

            Examples:
              countersign request show 0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f
              countersign request show 0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f --json
            """)
    static let role: GroupRole? = .monitor

    @Argument(help: "The request's transaction_id.")
    var transactionID: String

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    func prepare() throws { _ = try readIdentifier(transactionID, "a transaction id") }

    func run(_ connection: inout Connection) async throws {
        let transactionID = try readIdentifier(transactionID, "a transaction id")
        guard let life = try await RequestLife.read(transactionID, &connection) else {
            throw Failure(
                .data,
                "there is no request \(transactionID); requests are kept for 30 days, and `SELECT "
                    + "transaction_id FROM countersign.auth_requests` lists them")
        }
        if try output.wantsJSON {
            try output.show(life.record)
        } else {
            write(life.text)
        }
    }
}

extension RequestLife {
    var record: Record {
        var record = request.record
        if let person {
            record.append("user_id", .text(person.userID))
            record.append("device_id", .text(person.deviceID))
        }
        record.append("submissions", .records(submissions.map(\.record)))
        record.append("delivery", .record(delivery?.record))
        return record
    }

    var text: String {
        var sections = [TextTable.details(request.details + people)]
        sections.append(
            submissions.isEmpty
                ? "No submissions." : "Submissions\n\(TextTable(submissions.map(\.record)).text)")
        guard let delivery else { return sections.joined(separator: "\n\n") }
        sections.append("Delivery\n" + TextTable.details(delivery.summary))
        if !delivery.attempts.isEmpty { sections.append(TextTable(delivery.attempts.map(\.summary)).text) }
        return sections.joined(separator: "\n\n")
    }

    private var people: Record {
        guard let person else { return [:] }
        return ["user_id": .text(person.userID), "device_id": .text(person.deviceID)]
    }
}

extension RequestLife.Request {
    fileprivate var record: Record {
        times { time in .moment(time) }
    }

    /// For people: each time with how long after the first it was.
    fileprivate var details: Record {
        times { time in .moment(time, since: requestedAt) }
    }

    private func times(_ field: (Timestamp?) -> Field) -> Record {
        [
            "transaction_id": .text("\(id)"), "portal": .text(portal), "auth_type": .text(type),
            "status": .text(status), "requested_at": field(requestedAt), "issued_at": field(issuedAt),
            "scanned_at": field(scannedAt), "resolved_at": field(resolvedAt), "expires_at": field(expiresAt),
            "callback_uri": .text(callbackURI), "message": .text(message), "app": .text(app),
            "enrollment_id": .text(enrollmentID.map { "\($0)" }),
            "signature_verified": .flag(signatureVerified),
        ]
    }
}

extension RequestLife.Submission {
    fileprivate var record: Record {
        [
            "submission_id": .text("\(id)"), "app": .text(app), "action": .text(action),
            "result": .text(status), "reason": .text(reason), "submitted_at": .moment(submittedAt),
            "resolved_at": .moment(resolvedAt), "enrollment_id": .text(enrollmentID.map { "\($0)" }),
        ]
    }
}

extension RequestLife.Delivery {
    fileprivate var summary: Record {
        [
            "status": .text(status), "created_at": .moment(createdAt), "finished_at": .moment(finishedAt),
            "next_at": .moment(nextAt),
        ]
    }

    fileprivate var record: Record {
        summary + ["attempts": .records(attempts.map(\.summary))]
    }
}
