import Foundation
import HTTPService
import NIOCore
import NIOPosix
import NIOSSL
import Support
import Testing

/// What the server takes of TLS.
@Suite struct TLSTests {
    /// Nil when they do not come together.
    private func handshake(_ port: Int, _ configure: (inout TLSConfiguration) -> Void) async throws
        -> TLSVersion?
    {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .none
        configure(&configuration)
        let context = try NIOSSLContext(configuration: configuration)
        let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        NIOSSLClientHandler(context: context, serverHostname: nil))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        do {
            // It is written once both sides have agreed.
            try await channel.writeAndFlush(ByteBuffer(string: "GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
            let version = try await channel.nioSSL_tlsVersion().get()
            try await channel.close()
            return version
        } catch {
            return nil
        }
    }

    /// RFC 6797 section 7.2: only where there is TLS.
    @Test func `browsers are told to stay with TLS`() async throws {
        let header = "strict-transport-security: max-age=63072000\r\n"
        let heads = ["-sk", "-o", "/dev/null", "-D", "-", "--http1.1"]
        try await Certificates.make { certificates in
            let files = (
                certificate: certificates.folder.appending(path: "good.pem").path,
                key: certificates.folder.appending(path: "good.key").path
            )
            try await withServer([.ok], { $0.tls = files }) { http in
                let answer = try await runProgram("curl", heads + ["https://127.0.0.1:\(http.port)/"])
                #expect(answer.output.lowercased().contains(header), "\(answer.text)")
            }
        }
        try await withServer([.ok]) { http in
            let answer = try await runProgram("curl", heads + ["http://127.0.0.1:\(http.port)/"])
            #expect(
                answer.output.hasPrefix("HTTP/1.1 ")
                    && !answer.output.lowercased().contains("strict-transport"))
        }
    }

    @Test func `1.2 and 1.3 with forward secrecy and nothing else`() async throws {
        try await Certificates.make { certificates in
            let files = (
                certificate: certificates.folder.appending(path: "good.pem").path,
                key: certificates.folder.appending(path: "good.key").path
            )
            try await withServer([.ok], { $0.tls = files }) { http in
                #expect(try await handshake(http.port) { _ in } == .tlsv13)
                let older = try await handshake(http.port) { $0.maximumTLSVersion = .tlsv12 }
                #expect(older != nil)
                for version in [TLSVersion.tlsv1, .tlsv11] {
                    let oldest = try await handshake(http.port) {
                        $0.minimumTLSVersion = .tlsv1
                        $0.maximumTLSVersion = version
                    }
                    #expect(oldest == nil)
                }
                for suite in [
                    NIOTLSCipher.TLS_RSA_WITH_AES_128_GCM_SHA256, .TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
                    .TLS_RSA_WITH_AES_128_CBC_SHA, .TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
                ] {
                    let weak = try await handshake(http.port) {
                        $0.maximumTLSVersion = .tlsv12
                        $0.cipherSuiteValues = [suite]
                    }
                    #expect(weak == nil, "\(suite.rawValue)")
                }
            }
        }
    }
}
