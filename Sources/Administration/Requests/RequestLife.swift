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
        /// Nil when no webhook was wanted.
        package let callbackURI: String?
        package let message: String
        /// The code has been made and not collected yet. Only for logins that may read it, as is the reference.
        package let isCodeWaiting: Bool
        package let reference: String?
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
        /// What differs, in words, beside the reason. Only for logins that may read it.
        package let detail: String?
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
        package internal(set) var attempts: [WebhookDelivery.Attempt] = []
    }

    package let request: Request
    package let person: Person?
    /// The first 200 in the order they came.
    package let submissions: [Submission]
    package let delivery: Delivery?
}

extension RequestLife {
    /// Nil when there is no such request. Takes no locks; a login that may not read user ids gets none.
    ///
    /// - Parameter withBodies: what receivers answered, for logins that may read it.
    package static func read(
        _ id: Identifier, withBodies: Bool = false, _ connection: inout Connection
    ) async throws -> RequestLife? {
        let isAdmin = try await connection.run(MayReadPeople()).one()
        let (requests, submissions, deliveries, attempts) = try await connection.pipeline(
            ReadRequest(id: id, isAdmin: isAdmin), FindSubmissions(id: id, isAdmin: isAdmin),
            ReadDelivery(id: id), ListAttempts(id: id, withBody: withBodies)
        ).results
        guard let request = try requests.first() else { return nil }
        var person: Person?
        if isAdmin { person = try await connection.run(ReadPerson(id: id)).first() }
        var delivery = try deliveries.first()
        delivery?.attempts = try attempts.all()
        return RequestLife(
            request: request, person: person, submissions: try submissions.all(), delivery: delivery)
    }
}
