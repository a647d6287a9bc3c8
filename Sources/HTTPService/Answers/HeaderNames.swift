package import Hummingbird

extension HTTPFields.Element.Name {
    package static let contentSecurityPolicy = Self("Content-Security-Policy")!
    package static let crossOriginOpenerPolicy = Self("Cross-Origin-Opener-Policy")!
    package static let pragma = Self("Pragma")!
    package static let referrerPolicy = Self("Referrer-Policy")!
    package static let secFetchSite = Self("Sec-Fetch-Site")!
    package static let traceparent = Self("traceparent")!
    package static let xAccelBuffering = Self("X-Accel-Buffering")!
    package static let xRequestID = Self("X-Request-Id")!
    package static let xForwardedFor = Self("X-Forwarded-For")!
}
