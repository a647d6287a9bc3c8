/// What came of one attempt to deliver.
package struct DeliveryResult: Sendable, Equatable {
    /// Why an attempt failed. The raw value is stored with the attempt.
    package enum Failure: String, Sendable, CaseIterable {
        /// No connection, it broke, or what came was no HTTP.
        case connection
        /// More than 3 s to connect or 10 s in all.
        case timeout
        case tls
        /// The name has no address now.
        case dns
        /// An answer other than 2xx.
        case status
        /// The address is refused.
        case address
        /// This machine has no more sockets.
        case resources
    }

    /// What an attempt is counted as.
    package static let classes = ["delivered"] + Failure.allCases.map(\.rawValue)

    package var statusCode: Int?
    package var failure: Failure?
    /// Up to 2 KiB of the answer's body.
    package var body = ""
    /// A sentence for operators about the failure; no secret of anybody's.
    package var detail: String?
    /// Seconds, from Retry-After.
    package var retryAfter: Int?

    package init(
        statusCode: Int? = nil, failure: Failure? = nil, body: String = "", detail: String? = nil,
        retryAfter: Int? = nil
    ) {
        (self.statusCode, self.failure, self.body) = (statusCode, failure, body)
        (self.detail, self.retryAfter) = (detail, retryAfter)
    }

    /// Whether trying again cannot help: 4xx but for timeouts, too early and too many, or a refused address.
    package var isFinal: Bool {
        switch (failure, statusCode) {
        case (.address, _): true
        case (.status, 408?), (.status, 425?), (.status, 429?): false
        case (.status, let code?): (400..<500).contains(code)
        default: false
        }
    }

    /// What the endpoint's breaker counts it as; nil when it tells nothing about the endpoint. An answer that
    /// refuses one delivery (404) comes from an endpoint that works.
    package var health: Bool? {
        switch failure {
        case nil: true
        case .status: !((statusCode ?? 500) >= 500 || statusCode == 429 || statusCode == 408)
        case .connection, .timeout, .tls, .dns: false
        case .address, .resources: nil
        }
    }
}
