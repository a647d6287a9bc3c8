import Ccares

/// Why a name has no address. Tried again: names come back, as servers do.
package struct LookupFailure: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String

    package init(description: String) { self.description = description }

    /// By a status of c-ares.
    init(_ name: String, _ status: Int32) {
        description =
            switch status {
            case ARES_ECANCELLED, ARES_ETIMEOUT, ARES_EDESTRUCTION:
                "no name server has answered for \(name) in time"
            case ARES_ENOTFOUND, ARES_ENODATA, ARES_SUCCESS: "the name \(name) has no address now"
            case ARES_ECONNREFUSED: "no name server can be reached for \(name)"
            case ARES_ESERVFAIL: "the name server cannot say where \(name) is now"
            case ARES_EREFUSED: "the name server refuses to say where \(name) is"
            default: "the name \(name) cannot be looked up"
            }
    }
}
