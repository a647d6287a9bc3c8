import Hummingbird

extension HTTPFields.Element.Name {
    static let contentSecurityPolicy = Self("Content-Security-Policy")!
    static let pragma = Self("Pragma")!
    static let referrerPolicy = Self("Referrer-Policy")!
    static let traceparent = Self("traceparent")!
    static let xRequestID = Self("X-Request-Id")!
    static let xForwardedFor = Self("X-Forwarded-For")!
}
