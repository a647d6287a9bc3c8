import AsyncHTTPClient
package import Foundation
import NIOCore
import NIOHTTP1

/// HTTP POSTs with limits that hold, no redirects and no decompression.
package struct DeliveryClient: Sendable {
    /// Limits of one attempt (design section 6).
    package struct Limits: Sendable {
        package var connect = Duration.seconds(3)
        /// In all, including the answer's body.
        package var total = Duration.seconds(10)
        /// Bytes of the answer's body that are read, and of these kept.
        package var bodyRead = 16 * 1024
        package var bodyKept = 2 * 1024

        package init() {}
    }

    private let client: HTTPClient
    private let limits: Limits

    package init(_ limits: Limits = Limits()) {
        self.limits = limits
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout.connect = .nanoseconds(Int64(limits.connect / .nanoseconds(1)))
        configuration.decompression = .disabled
        // Waiting rows are in the database, so a pool that grows with concurrency is all that is needed.
        configuration.connectionPool.idleTimeout = .seconds(30)
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    package func shutdown() async { try? await client.shutdown() }

    package func post(_ body: [UInt8], to url: String, headers: [(name: String, value: String)]) async
        -> DeliveryResult
    {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers = HTTPHeaders(headers.map { ($0.name, $0.value) })
        request.body = .bytes(body)
        let ready = request
        let total = limits.total
        // The client's own deadline ends with the answer's head; ours holds for the body too.
        return await withTaskGroup(of: DeliveryResult?.self) { group in
            group.addTask { await self.execute(ready) }
            group.addTask {
                try? await Task.sleep(for: total)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first ?? DeliveryResult(failure: .timeout)
        }
    }

    private func execute(_ request: HTTPClientRequest) async -> DeliveryResult {
        do {
            let response = try await client.execute(
                request, timeout: .nanoseconds(Int64(limits.total / .nanoseconds(1))))
            let code = Int(response.status.code)
            let body = try await start(of: response.body)
            return DeliveryResult(
                statusCode: code, failure: (200..<300).contains(code) ? nil : .status, body: body,
                retryAfter: Self.retryAfter(response.headers.first(name: "retry-after"), now: Date()))
        } catch {
            return DeliveryResult(failure: Self.failure(error))
        }
    }

    /// Reads no more than is needed of an acknowledgement; the rest is not waited for.
    private func start(of body: HTTPClientResponse.Body) async throws -> String {
        var kept: [UInt8] = []
        var read = 0
        for try await part in body {
            kept.append(contentsOf: part.readableBytesView.prefix(max(0, limits.bodyKept - kept.count)))
            read += part.readableBytes
            if read >= limits.bodyRead { break }
        }
        return String(decoding: kept, as: UTF8.self).replacing("\0", with: "")
    }

    /// Seconds or an HTTP date (RFC 9110 section 10.2.3).
    package static func retryAfter(_ value: String?, now: Date) -> Int? {
        guard let value else { return nil }
        if let seconds = Int(value) { return max(0, seconds) }
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(identifier: "GMT")
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
        return format.date(from: value).map { max(0, Int($0.timeIntervalSince(now).rounded(.up))) }
    }

    private static func failure(_ error: any Error) -> DeliveryResult.Failure {
        switch error {
        case let error as HTTPClientError where error == .connectTimeout || error == .deadlineExceeded:
            .timeout
        case let error as HTTPClientError
        where error == .invalidURL || error == .emptyHost || error == .emptyScheme:
            .address
        case is CancellationError: .timeout
        default: "\(type(of: error))".contains("SSL") ? .tls : .connection
        }
    }
}
