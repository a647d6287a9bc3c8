import Glibc
import HTTPService
import Logging
import NIOCore
import Operations
import ServiceLifecycle

/// The operations server of a worker, which works also while another has its address: several workers of a machine
/// may share their settings. It listens as soon as the address is free.
struct WaitingServer: Service {
    let server: OperationsServer
    let address: ListenAddress
    let logger: Logger
    /// How often it tries.
    var interval = Duration.seconds(1)

    func run() async throws {
        var isTold = false
        while !Task.isCancelled, !Task.isShuttingDownGracefully {
            do {
                return try await server.service.run()
            } catch let error as IOError where error.errnoCode == EADDRINUSE {
                if !isTold {
                    logger.warning(
                        "the operations address is in use, waiting for it",
                        metadata: ["address": "\(address)"])
                }
                isTold = true
            }
            try? await cancelWhenGracefulShutdown { try await Task.sleep(for: interval) }
        }
    }
}
