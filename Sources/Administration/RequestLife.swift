import Countersign
package import Postgres

/// Everything that happened to one authentication request, without codes and secrets.
package struct RequestLife: Sendable {
    package struct Request: Sendable, Hashable {
        package let id: Identifier
        package let portal: String?
        package let type: String
        package let status: String
        package let requestedAt: Timestamp
        package let issuedAt: Timestamp?
        package let scannedAt: Timestamp?
        package let resolvedAt: Timestamp?
        package let expiresAt: Timestamp
        package let callbackURI: String
        package let message: String
        package let app: String?
        package let enrollmentID: Identifier?
        package let signatureVerified: Bool?
    }

    /// Who signed in. Only for logins that may read it, and only of a request that was authenticated.
    package struct Person: Sendable, Hashable {
        package let userID: String
        package let deviceID: String?
    }

    package struct Submission: Sendable, Hashable {
        package let id: Identifier
        package let app: String?
        package let action: String?
        package let status: String
        package let reason: String?
        package let submittedAt: Timestamp
        package let resolvedAt: Timestamp?
        package let enrollmentID: Identifier?
    }

    package struct Delivery: Sendable, Hashable {
        package let status: String
        package let createdAt: Timestamp
        package let finishedAt: Timestamp?
        /// When the next attempt is due.
        package let nextAt: Timestamp?
        package let attempts: [Attempt]
    }

    package struct Attempt: Sendable, Hashable {
        package let number: Int
        package let startedAt: Timestamp
        package let duration: Duration
        /// Of HTTP.
        package let statusCode: Int?
        /// As `timeout`; nil when it was delivered.
        package let errorClass: String?
    }

    package let request: Request
    package let person: Person?
    /// In the order they came, up to a quarter of an hour after the request's time.
    package let submissions: [Submission]
    package let delivery: Delivery?
}

extension RequestLife {
    /// Nil when there is no such request. Takes no locks; a login that may not read user ids gets none.
    package static func read(
        _ id: Identifier, _ connection: inout Connection
    ) async throws -> RequestLife? {
        let key = [Parameter.identifier(id)]
        let results = try await connection.pipeline([
            Step(Self.requests, key), Step(Self.submissions, key), Step(Self.deliveries, key),
            Step(Self.attempts, key), Step(Self.permission),
        ])
        guard let request = try results[0].first.map(Request.init) else { return nil }
        var person: Person?
        if try results[4][0].bool(0), let row = try await connection.run(people, key).first {
            person = Person(userID: try row.text(0), deviceID: try row.optionalText(1))
        }
        let attempts = try results[3].map(Attempt.init)
        return RequestLife(
            request: request, person: person, submissions: try results[1].map(Submission.init),
            delivery: try results[2].first.map { try Delivery($0, attempts: attempts) })
    }
}

extension RequestLife.Request {
    fileprivate init(_ row: Row) throws(DecodingFailure) {
        id = try row.identifier(0)
        portal = try row.optionalText(1)
        type = try row.text(2)
        status = try row.text(3)
        requestedAt = try row.timestamp(4)
        issuedAt = try row.optionalTimestamp(5)
        scannedAt = try row.optionalTimestamp(6)
        resolvedAt = try row.optionalTimestamp(7)
        expiresAt = try row.timestamp(8)
        callbackURI = try row.text(9)
        message = try row.text(10)
        app = try row.optionalText(11)
        enrollmentID = try row.optionalIdentifier(12)
        signatureVerified = try row.optionalBool(13)
    }
}

extension RequestLife.Submission {
    fileprivate init(_ row: Row) throws(DecodingFailure) {
        id = try row.identifier(0)
        app = try row.optionalText(1)
        action = try row.optionalText(2)
        status = try row.text(3)
        reason = try row.optionalText(4)
        submittedAt = try row.timestamp(5)
        resolvedAt = try row.optionalTimestamp(6)
        enrollmentID = try row.optionalIdentifier(7)
    }
}

extension RequestLife.Delivery {
    fileprivate init(_ row: Row, attempts: [RequestLife.Attempt]) throws(DecodingFailure) {
        status = try row.text(0)
        createdAt = try row.timestamp(1)
        finishedAt = try row.optionalTimestamp(2)
        nextAt = try row.optionalTimestamp(3)
        self.attempts = attempts
    }
}

extension RequestLife.Attempt {
    fileprivate init(_ row: Row) throws(DecodingFailure) {
        number = try row.int(0)
        startedAt = try row.timestamp(1)
        duration = .milliseconds(try row.int(2))
        statusCode = try row.optionalInt(3)
        errorClass = try row.optionalText(4)
    }
}
