/// How long clients may take, how much they may send, and how many may come. Every moment of a connection in which it
/// is the client's turn has its limit.
package struct ConnectionLimits: Sendable {
    /// From the connection to the end of the first request's head.
    package var headTimeout = Duration.seconds(10)
    /// From the end of a head to the end of its body.
    package var bodyTimeout = Duration.seconds(15)
    /// From one answer to the end of the next request's head.
    package var idleTimeout = Duration.seconds(75)
    /// From writing a part of an answer until the client's side has taken it.
    package var writeTimeout = Duration.seconds(10)
    /// How long a request may have waited behind the one before it (a long poll) for the connection to go on.
    package var pipelineTimeout = Duration.seconds(10)
    /// Bytes of a body.
    package var bodyBytes = 65_536
    /// Bytes of all header fields of a request.
    package var headBytes = 16_384
    /// Connections at once; further ones wait to be accepted.
    package var connections = 1_024
    /// Of one address, those of trusted proxies apart. Nil is half of all.
    package var connectionsPerAddress: Int?
    /// When all places are taken, who has kept us waiting for so long makes room.
    package var patience = Duration.seconds(1)

    package init() {}

    var share: Int { connectionsPerAddress ?? max(1, connections / 2) }
}
