import Dispatch
import Foundation
import Glibc
import Postgres
import Synchronization

/// Ctrl-C, SIGTERM and the loss of the terminal end a command and what it has the server do, at once. The services end in
/// good order instead and have nothing to do with this.
final class Interruption: Sendable {
    static let shared = Interruption()

    private let running = Mutex<[Cancellation]>([])
    private let isEnding = Atomic(false)
    private let held = Mutex(())
    private let lastAct = Mutex<(@Sendable () -> Void)?>(nil)

    /// Called once, before anything is connected. What the process was started to ignore, as nohup does, it ignores.
    func begin() {
        let ignored = ignoredSignals()
        for (number, name) in [(SIGINT, "SIGINT"), (SIGTERM, "SIGTERM"), (SIGHUP, "SIGHUP")]
        where ignored & (1 << (UInt64(number) - 1)) == 0 {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            // Which keeps the source for as long as the process runs.
            source.setEventHandler {
                withExtendedLifetime(source) { DispatchQueue.global().async { self.end(number, name) } }
            }
            source.activate()
        }
    }

    /// Does not return once a signal has ended the command: its statement fails first, and that is not why it ended.
    func leaveTheEndToSignals() {
        while isEnding.load(ordering: .sequentiallyConsistent) { pause() }
    }

    /// The connection's statements are ended, too; `instead` of those of the ones before, which are no more.
    func watch(_ connection: borrowing Connection, instead: Bool = false) {
        let cancellation = connection.cancellation
        running.withLock { $0 = (instead ? [] : $0) + [cancellation] }
    }

    /// What is done before a signal ends the process: to leave the terminal as it was.
    func atEnd(_ act: @escaping @Sendable () -> Void) { lastAct.withLock { $0 = act } }

    /// Does what a first signal lets come to its end, if that takes no longer than a second.
    func hold<T>(_ body: () throws -> T) rethrows -> T { try held.withLock { _ in try body() } }

    /// A second signal waits for nothing.
    private func end(_ number: Int32, _ name: String) {
        let isFirst = !isEnding.exchange(true, ordering: .sequentiallyConsistent)
        for cancellation in running.withLock({ running in running.takeAll() }) { cancellation() }
        let leave = {
            self.lastAct.withLock { $0?() }
            writeError("countersign: ended by \(name)")
            _exit(128 + number)
        }
        for _ in 0..<(isFirst ? 100 : 0) where held.withLockIfAvailable({ _ in leave() }) == nil {
            usleep(10_000)
        }
        leave()
    }
}

/// A bit for each, the first is that of signal 1. proc(5), "SigIgn".
private func ignoredSignals() -> UInt64 {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("SigIgn:") }
    return line?.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) } ?? 0
}

extension Array {
    fileprivate mutating func takeAll() -> Self {
        defer { self = [] }
        return self
    }
}
