import Administration
import Countersign
import Postgres

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
        if !delivery.attempts.isEmpty { sections.append(TextTable(delivery.attempts.map(\.record)).text) }
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
        summary + ["attempts": .records(attempts.map(\.record))]
    }
}

extension RequestLife.Attempt {
    fileprivate var record: Record {
        [
            "attempt": .number(number), "started_at": .moment(startedAt),
            "duration_ms": .milliseconds(duration),
            "status_code": .number(statusCode), "error_class": .text(errorClass),
        ]
    }
}
