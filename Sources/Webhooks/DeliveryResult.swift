/// What came of one attempt to deliver.
package struct DeliveryResult: Sendable, Equatable {
    /// Why an attempt failed. The raw value is stored with the attempt.
    package enum Failure: String, Sendable {
        /// No connection, or it broke.
        case connection
        /// More than 3 s to connect or 10 s in all.
        case timeout
        case tls
        /// An answer other than 2xx.
        case status
        /// The address cannot be used.
        case address
        /// The portal's signing secret or password could not be opened.
        case secret
    }

    package var statusCode: Int?
    package var failure: Failure?
    /// Up to 2 KiB of the answer's body.
    package var body = ""
    /// Seconds, from Retry-After.
    package var retryAfter: Int?

    package init(statusCode: Int? = nil, failure: Failure? = nil, body: String = "", retryAfter: Int? = nil) {
        (self.statusCode, self.failure, self.body, self.retryAfter) = (statusCode, failure, body, retryAfter)
    }

    /// Whether trying again cannot help: 4xx but for timeouts, too early and too many, or an unusable address.
    package var isFinal: Bool {
        switch (failure, statusCode) {
        case (.address, _): true
        case (.status, 408?), (.status, 425?), (.status, 429?): false
        case (.status, let code?): (400..<500).contains(code)
        default: false
        }
    }
}
