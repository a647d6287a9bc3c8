import Countersign
import Hummingbird
import NIOCore

/// What the server knows of a request besides its text.
struct ServiceContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// Of the other end of the connection; nil for what is no Internet address.
    let peer: IPAddress?
    /// The client's address, as far as trusted proxies say.
    var client: IPAddress?
    /// What goes on from this request: of its own span, or else the header that it came with.
    var traceparent: String?

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        peer = source.channel.remoteAddress?.ipAddress.flatMap { IPAddress($0) }
    }
}
