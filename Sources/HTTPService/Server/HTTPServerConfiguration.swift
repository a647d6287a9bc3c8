/// Settings that every server of ours has.
package struct HTTPServerConfiguration: Sendable {
    package var listen: ListenAddress
    package var limits = ConnectionLimits()
    package var proxies = TrustedProxies.none
    /// PEM files of the certificate chain and its key; nil speaks plain HTTP.
    package var tls: (certificate: String, key: String)?
    /// By which names it may be asked; nil is by any.
    package var hosts: AllowedHosts?
    /// How errors are written.
    package var errors = Problem.Format.json
    /// Paths that machines ask for every few seconds: logged at debug when all is well.
    package var probes: Set<String> = []
    /// What is counted; nil counts nothing.
    package var meters: HTTPMeters?

    package init(listen: ListenAddress) { self.listen = listen }
}
