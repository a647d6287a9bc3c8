/// How long clients may take, how much they may send, and how many may come.
package struct ConnectionLimits: Sendable {
    /// From the connection to the end of the first request's head.
    package var headTimeout = Duration.seconds(10)
    /// From the end of a head to the end of its body.
    package var bodyTimeout = Duration.seconds(15)
    /// From one answer to the end of the next request's head.
    package var idleTimeout = Duration.seconds(75)
    /// Bytes of a body.
    package var bodyBytes = 65_536
    /// Bytes of all header fields of a request.
    package var headBytes = 16_384
    /// Connections at once; further ones wait to be accepted.
    package var connections = 1_024

    package init() {}
}
