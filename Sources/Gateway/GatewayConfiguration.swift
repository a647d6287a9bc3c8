import Administration
package import Countersign
package import HTTPService
package import Postgres

/// Settings of one HTTP server.
package struct GatewayConfiguration: Sendable {
    /// A login that is a member of countersign_gateway.
    package var database: ConnectionOptions
    /// The number of that database among the cells of an installation.
    package var home = 0
    /// Further cells, whose portals are served, too, by their numbers.
    package var cells: [Int: ConnectionOptions] = [:]
    package var http = HTTPServerConfiguration(listen: ListenAddress(host: "127.0.0.1", port: 8080))
    /// Connections to each database for requests; one more listens.
    package var poolSize = 8
    /// How long a portal's credential that was looked up counts, though it may have been removed or changed since.
    package var credentialFreshness = Duration.seconds(3)
    /// How the users of an app prove who they are; nil leaves the API for apps out.
    package var tokens: TokenRules?
    /// With `{otp}` in the place of the code, as `acme://sign-in?otp={otp}`; nil puts the code alone into QR codes.
    package var linkTemplate: LinkTemplate?
    /// The demo portal; nil leaves it out.
    package var demo: DemoConfiguration?

    /// Where it is written down which enrollments users have revoked.
    package var journal: Journal?
    /// What operators change while it runs; shared with the loggers.
    package var logLevels = LogLevels()

    package init(database: ConnectionOptions) {
        self.database = database
    }
}
