import Ccares
import Countersign
import Glibc

/// One look-up: a c-ares channel of its own. So each reads /etc/hosts and /etc/resolv.conf as they are now, asks from
/// ports of its own (RFC 5452 section 4.5), and ends without touching another's. Used on one thread.
@safe final class Lookup {
    private let channel: ares_channel
    private let answer = Answer()

    /// Filled by the callback, which c-ares calls exactly once, at the latest while the channel is destroyed.
    fileprivate final class Answer {
        var status: Int32?
        var addresses: [IPAddress] = []
    }

    /// Milliseconds until a question is sent again, to the next name server or to the same; then twice as long. Three
    /// are more than a look-up's life, which `NameResolver` ends.
    private static let (patience, tries): (Int32, Int32) = (1_000, 3)
    private static let isReady = ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS

    /// Asks the name servers of /etc/resolv.conf, or `servers`: addresses with ports, by commas. Nil when the system
    /// has no memory or file descriptor left for it.
    init?(servers: String?) {
        var options = unsafe ares_options()
        unsafe options.timeout = Self.patience
        unsafe options.tries = Self.tries
        var channel: ares_channel?
        let mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS
        let code = unsafe "fb".withCString { order in  // files, then name servers
            unsafe options.lookups = UnsafeMutablePointer(mutating: order)
            return unsafe ares_init_options(&channel, &options, mask)
        }
        guard Self.isReady, code == ARES_SUCCESS, let channel = unsafe channel else { return nil }
        unsafe self.channel = channel
        if let servers { unsafe ares_set_servers_ports_csv(channel, servers) }
    }

    deinit {
        unsafe ares_destroy(channel)
    }

    /// Begins; it may end at once, when a file has the name.
    func ask(_ name: String) {
        var hints = ares_addrinfo_hints()
        hints.ai_family = AF_UNSPEC
        hints.ai_flags = ARES_AI_NOSORT  // sorting would connect a socket to each
        let context = unsafe Unmanaged.passRetained(answer).toOpaque()
        unsafe ares_getaddrinfo(channel, name, nil, &hints, takeAnswer, context)
    }

    /// Ends it with what has come: the addresses of one kind, where the question for the other was not answered.
    func giveUp() { unsafe ares_cancel(channel) }

    /// Nil until it has ended.
    func result(for name: String) -> Result<[IPAddress], LookupFailure>? {
        guard let status = answer.status else { return nil }
        guard status == ARES_SUCCESS, !answer.addresses.isEmpty else {
            return .failure(LookupFailure(name, status))
        }
        return .success(answer.addresses)
    }
}

/// Its sockets.
extension Lookup {
    /// What it waits for.
    func descriptors() -> [pollfd] {
        var sockets = [ares_socket_t](repeating: -1, count: Int(ARES_GETSOCK_MAXNUM))
        let mask = unsafe ares_getsock(channel, &sockets, ARES_GETSOCK_MAXNUM)
        return sockets.enumerated().compactMap { number, socket in
            let reads = mask & 1 << number != 0
            let writes = mask & 1 << (number + Int(ARES_GETSOCK_MAXNUM)) != 0
            guard reads || writes else { return nil }
            return pollfd(
                fd: socket, events: Int16((reads ? POLLIN : 0) | (writes ? POLLOUT : 0)), revents: 0)
        }
    }

    /// How long until it wants to do something of itself, in milliseconds.
    var untilNext: Int32? {
        var time = timeval()
        guard unsafe ares_timeout(channel, nil, &time) != nil else { return nil }
        return Int32(clamping: time.tv_sec * 1_000 + time.tv_usec / 1_000 + 1)
    }

    /// Reads, writes and sends again what is due; `ready` are its descriptors as poll(2) left them.
    func process(_ ready: some Sequence<pollfd>) {
        for descriptor in ready where descriptor.revents != 0 {
            let isReadable = descriptor.revents & Int16(POLLIN | POLLHUP | POLLERR) != 0
            let isWritable = descriptor.revents & Int16(POLLOUT) != 0
            unsafe ares_process_fd(
                channel, isReadable ? descriptor.fd : -1, isWritable ? descriptor.fd : -1)
        }
        unsafe ares_process_fd(channel, -1, -1)
    }
}

/// Takes what c-ares has found; its memory is c-ares'.
private func takeAnswer(
    _ context: UnsafeMutableRawPointer?, _ status: Int32, _ timeouts: Int32,
    _ found: UnsafeMutablePointer<ares_addrinfo>?
) {
    guard let context = unsafe context else { return }
    let answer = unsafe Unmanaged<Lookup.Answer>.fromOpaque(context).takeRetainedValue()
    answer.status = status
    guard let found = unsafe found else { return }
    var next = unsafe found.pointee.nodes
    while let node = unsafe next {
        if let address = unsafe address(node.pointee.ai_addr) { answer.addresses.append(address) }
        unsafe next = node.pointee.ai_next
    }
    unsafe ares_freeaddrinfo(found)
}

private func address(_ socket: UnsafeMutablePointer<sockaddr>?) -> IPAddress? {
    guard let socket = unsafe socket else { return nil }
    let raw = UnsafeRawPointer(socket)
    switch unsafe Int32(socket.pointee.sa_family) {
    case AF_INET:
        let address = unsafe raw.loadUnaligned(as: sockaddr_in.self).sin_addr
        return IPAddress(bytes: unsafe withUnsafeBytes(of: address) { unsafe Array($0) })
    case AF_INET6:
        let address = unsafe raw.loadUnaligned(as: sockaddr_in6.self).sin6_addr
        return IPAddress(bytes: unsafe withUnsafeBytes(of: address) { unsafe Array($0) })
    default: return nil
    }
}
