import Hummingbird
import NIOCore

/// What the server knows of a request besides its text.
struct ServiceContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// Of the other end of the connection; nil for what is no Internet address.
    let peer: String?
    /// The client's address, as far as trusted proxies say.
    var client: String?

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        peer = source.channel.remoteAddress?.ipAddress
    }
}
