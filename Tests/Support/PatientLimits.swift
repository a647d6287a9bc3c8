package import HTTPService

extension ConnectionLimits {
    /// With as much time for clients as tests have: on a busy machine a client that means well may be kept from its turn
    /// for longer than strangers are given. A test of a limit sets that one.
    package static let patient: ConnectionLimits = {
        var limits = ConnectionLimits()
        for limit in [
            \ConnectionLimits.headTimeout, \.bodyTimeout, \.idleTimeout, \.writeTimeout, \.pipelineTimeout,
        ] {
            limits[keyPath: limit] = Support.patience
        }
        return limits
    }()
}
