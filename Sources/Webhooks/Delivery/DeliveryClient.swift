import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Postgres

/// HTTP POSTs to vetted addresses, with limits that hold, no redirects and no decompression.
package struct DeliveryClient: Sendable {
    /// Limits of one attempt.
    package struct Limits: Sendable {
        package var connect = Duration.seconds(3)
        /// In all, including the look-up of the name and the answer's body.
        package var total = Duration.seconds(10)
        /// Bytes of the answer's body that are read, and of these kept.
        package var bodyRead = 16 * 1024
        package var bodyKept = 2 * 1024

        package init() {}
    }

    private let limits: Limits
    private let policy: AddressPolicy
    private let answers: ResolverCache
    private let clients: PinnedClients

    /// `connections` is the most to one target at a time.
    package init(
        _ limits: Limits = Limits(), policy: AddressPolicy, trustRoots: TrustRoots, connections: Int,
        lookup: @escaping ResolverCache.Lookup
    ) {
        (self.limits, self.policy) = (limits, policy)
        answers = ResolverCache(lookup)
        clients = PinnedClients(connect: limits.connect, connections: connections, trustRoots: trustRoots)
    }

    package func shutdown() async { await clients.shutdown() }

    package func post(_ body: [UInt8], to uri: String, headers: [(name: String, value: String)]) async
        -> DeliveryResult
    {
        let deadline = ContinuousClock.now + limits.total
        do {
            let address = try CallbackAddress(uri)
            let pin = try await vet(address)
            var request = HTTPClientRequest(url: address.url)
            request.method = .POST
            request.headers = HTTPHeaders(headers.map { ($0.name, $0.value) })
            request.body = .bytes(body)
            let result = await send(request, pin, until: deadline)
            if result.statusCode == nil, case .name(let name) = address.host {
                answers.connectionFailed(to: name)
            }
            return result
        } catch let refusal as AddressRefusal {
            return DeliveryResult(failure: .address, detail: "refused: \(refusal)")
        } catch let failure as LookupFailure {
            return DeliveryResult(failure: .dns, detail: "\(failure)")
        } catch {
            return DeliveryResult(failure: .dns, detail: "\(type(of: error))")
        }
    }

    /// Resolves once, vets every answer, and pins one.
    private func vet(_ address: CallbackAddress) async throws -> PinnedClients.Pin {
        try policy.check(address)
        let addresses =
            switch address.host {
            case .address(let address): [address]
            case .name(let name): try await answers.addresses(of: name)
            }
        try policy.check(addresses, address.scheme)
        return PinnedClients.Pin(
            host: address.host, port: address.port, scheme: address.scheme, address: addresses[0])
    }

    private func send(
        _ request: HTTPClientRequest, _ pin: PinnedClients.Pin, until deadline: ContinuousClock.Instant
    ) async -> DeliveryResult {
        let client = clients.client(for: pin)
        defer { clients.release(pin) }
        do {
            let left = TimeAmount.nanoseconds(
                Int64(ContinuousClock.now.duration(to: deadline) / .nanoseconds(1)))
            let response = try await client.execute(request, timeout: left)
            guard let body = try await start(of: response, until: deadline) else {
                return DeliveryResult(
                    failure: .timeout, detail: "the answer's body did not end in time")
            }
            let code = Int(response.status.code)
            let isFine = (200..<300).contains(code)
            return DeliveryResult(
                statusCode: code, failure: isFine ? nil : .status, body: body,
                retryAfter: RetryAfter.seconds(response.headers.first(name: "retry-after"), now: .now()))
        } catch {
            return DeliveryResult(error)
        }
    }

    /// Nil when it takes too long. The client's own deadline ends with the answer's head, so a body has a timer;
    /// one of length 0 over HTTP/1 cannot drip and is spared it.
    private func start(
        of response: HTTPClientResponse, until deadline: ContinuousClock.Instant
    ) async throws -> String? {
        let isEmpty = response.status.code == 204 || response.headers.first(name: "content-length") == "0"
        if isEmpty, response.version.major == 1 { return try await read(response.body) }
        return try await withThrowingTaskGroup(of: String?.self) { group in
            group.addTask { try await self.read(response.body) }
            group.addTask {
                try? await Task.sleep(until: deadline)
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }

    /// Reads no more than is needed of an acknowledgement; the rest is not waited for.
    private func read(_ body: HTTPClientResponse.Body) async throws -> String {
        var kept: [UInt8] = []
        var read = 0
        for try await part in body {
            kept.append(contentsOf: part.readableBytesView.prefix(max(0, limits.bodyKept - kept.count)))
            read += part.readableBytes
            if read >= limits.bodyRead { break }
        }
        return String(decoding: kept.filter { $0 != 0 }, as: UTF8.self)
    }
}
