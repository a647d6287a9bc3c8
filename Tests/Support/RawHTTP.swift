import Foundation
import Testing

/// Speaks HTTP/1.1 byte by byte, so that tests see what goes over the wire.
package struct RawHTTP: Sendable {
    package struct Answer: Sendable {
        package let text: String

        package init(text: String) { self.text = text }

        package var status: Int { Int(text.split(separator: " ").dropFirst().first ?? "") ?? 0 }
        package var head: String { text.components(separatedBy: "\r\n\r\n")[0] }
        package var body: String {
            text.components(separatedBy: "\r\n\r\n").dropFirst().joined(separator: "\r\n\r\n")
        }

        package func header(_ name: String) -> String? {
            head.components(separatedBy: "\r\n").dropFirst().first {
                $0.lowercased().hasPrefix(name.lowercased() + ":")
            }
            .map { $0.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces) }
        }

        package func json() throws -> [String: Any] {
            let value = try JSONSerialization.jsonObject(with: Data(body.utf8))
            return try #require(value as? [String: Any])
        }
    }

    package let port: Int

    package init(port: Int) { self.port = port }

    /// Sends the text and returns the answer: up to its content-length, or to the end of the connection.
    package func send(_ text: String) async throws -> Answer {
        try await connected { connection in
            // It may be closed already, after an answer that says why.
            try? await connection.send(text)
            return try await connection.answer()
        }
    }

    /// A connection and what to do with it. It is closed afterwards.
    package func connected<T: Sendable>(_ body: (RawConnection) async throws -> T) async throws -> T {
        let connection = try await RawConnection.open(port)
        do {
            let value = try await body(connection)
            await connection.close()
            return value
        } catch {
            await connection.close()
            throw error
        }
    }
}

/// A request with a body, and with the headers that are given.
package func request(
    _ method: String, _ path: String, _ headers: [String: String] = [:], body: String? = nil
) -> String {
    var lines = ["\(method) \(path) HTTP/1.1", "Host: countersign.example.com"]
    lines += headers.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
    if let body { lines.append("Content-Length: \(body.utf8.count)") }
    return lines.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? "")
}

package func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }
