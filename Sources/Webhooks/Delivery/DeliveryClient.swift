import AsyncHTTPClient
package import Countersign
package import Engine
import NIOCore
import NIOHTTP1
import Postgres
import Resolver

/// HTTP POSTs to vetted addresses, with limits that hold, no redirects and no decompression.
package struct DeliveryClient: Sendable {
    /// Limits of one attempt.
    package struct Limits: Sendable {
        package var connect = Duration.seconds(3)
        /// In all, including the look-up of the name and the answer's body.
        package var total = Duration.seconds(10)
        /// For the answer's body, once its head has come: that has decided.
        package var body = Duration.seconds(1)
        /// Bytes of the answer's body that are read, and of these kept.
        package var bodyRead = 16 * 1024
        package var bodyKept = 2 * 1024

        package init() {}
    }

    private let limits: Limits
    private let policy: AddressPolicy
    private let addresses = ParsedAddresses()
    private let answers: ResolverCache
    private let clients: PinnedClients
    private let clock: DatabaseClock

    /// `connections` is the most to one target at a time; `clock` is what dates of receivers are compared with.
    package init(
        _ limits: Limits = Limits(), policy: AddressPolicy, trustRoots: TrustRoots, connections: Int,
        clock: DatabaseClock, lookup: @escaping ResolverCache.Lookup
    ) {
        (self.limits, self.policy, self.clock) = (limits, policy, clock)
        answers = ResolverCache(lookup)
        clients = PinnedClients(connect: limits.connect, connections: connections, trustRoots: trustRoots)
    }

    package func shutdown() async { await clients.shutdown() }

    /// Of that portal, whose names wait for one another.
    package func post(
        _ body: [UInt8], to uri: String, of portalID: Int32, headers: [(name: String, value: String)]
    ) async -> DeliveryResult {
        let deadline = ContinuousClock.now + limits.total
        do {
            let address = try addresses.address(uri)
            let pin = try await vet(address, portalID)
            var request = HTTPClientRequest(url: address.origin)
            request.method = .POST
            request.headers = HTTPHeaders(headers.map { ($0.name, $0.value) })
            request.headers.add(name: ExactRequest.targetField, value: address.target)
            request.body = .bytes(body)
            let result = await send(request, pin, until: deadline)
            if result.statusCode == nil, case .name(let name) = address.host {
                answers.connectionFailed(.init(name: name, portalID: portalID))
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
    private func vet(_ address: CallbackAddress, _ portalID: Int32) async throws -> PinnedClients.Pin {
        try policy.check(address)
        let addresses =
            switch address.host {
            case .address(let address): [address]
            case .name(let name): try await answers.addresses(.init(name: name, portalID: portalID))
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
            let body = await start(of: response, until: min(deadline, .now + limits.body))
            let code = Int(response.status.code)
            let isFine = (200..<300).contains(code)
            return DeliveryResult(
                statusCode: code, failure: isFine ? nil : .status, body: body,
                retryAfter: RetryAfter.seconds(response.headers.first(name: "retry-after"), now: clock.now))
        } catch {
            return DeliveryResult(error)
        }
    }

    /// What comes of the body until then. The head is the answer: whatever ends the body, such as a connection that is
    /// closed too early or without TLS's close_notify, changes nothing of it. A body has a timer of its own; one of
    /// length 0 over HTTP/1 cannot drip and is spared it.
    private func start(
        of response: HTTPClientResponse, until deadline: ContinuousClock.Instant
    ) async -> String {
        let kept = KeptBody(most: limits.bodyKept)
        let isEmpty = response.status.code == 204 || response.headers.first(name: "content-length") == "0"
        if isEmpty, response.version.major == 1 {
            try? await read(response.body, into: kept)
        } else {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { try? await self.read(response.body, into: kept) }
                group.addTask { try? await Task.sleep(until: deadline) }
                await group.next()
                group.cancelAll()
            }
        }
        return kept.text
    }

    /// Reads no more than is needed of an acknowledgement; the rest is not waited for.
    private func read(_ body: HTTPClientResponse.Body, into kept: KeptBody) async throws {
        var read = 0
        for try await part in body {
            kept.append(part)
            read += max(part.readableBytes, 1)
            if read >= limits.bodyRead { break }
        }
    }
}
