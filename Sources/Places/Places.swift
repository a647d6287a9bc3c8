import Glibc
package import Logging
import Synchronization

/// Where addresses are, by the file of an operator. When another file has been put in its place it is opened, without a
/// restart: such files are renewed twice a week.
package final class Places: Sendable {
    private struct State {
        var file: PlaceFile
        var version: Version
        var lastLook = ContinuousClock.now
    }

    /// What tells one file from another at the same path.
    private struct Version: Equatable {
        let (device, number): (dev_t, ino_t)
        let (seconds, nanoseconds): (time_t, Int)

        init(_ path: String) {
            var found = Glibc.stat()
            _ = unsafe stat(path, &found)
            (device, number) = (found.st_dev, found.st_ino)
            (seconds, nanoseconds) = (found.st_mtim.tv_sec, found.st_mtim.tv_nsec)
        }
    }

    private let path: String
    private let interval: Duration
    private let logger: Logger
    private let state: Mutex<State>

    /// Throws when there is no such file, or one that tells no places. It is looked for another one at most once in
    /// `interval`.
    package init(
        path: String, interval: Duration = .seconds(60), logger: Logger
    ) throws(PlaceFileError) {
        (self.path, self.interval, self.logger) = (path, interval, logger)
        let version = Version(path)
        state = Mutex(State(file: try PlaceFile(path), version: version))
    }

    /// Nil when the file does not say. `language` is a tag, as `nl-be`: names are in that language or in English.
    package func place(of address: String, language: String? = nil) -> Place? {
        current().place(of: address, language: language)
    }

    /// A file that cannot be used is told of, and the one that was there before goes on being used.
    private func current() -> PlaceFile {
        state.withLock { state in
            guard state.lastLook.duration(to: .now) >= interval else { return state.file }
            state.lastLook = .now
            let version = Version(path)
            guard version != state.version else { return state.file }
            state.version = version
            do throws(PlaceFileError) {
                state.file = try PlaceFile(path)
                logger.info("another file of places is used", metadata: ["path": .string(path)])
            } catch {
                logger.warning("the old file of places is used on", metadata: ["error": "\(error)"])
            }
            return state.file
        }
    }
}
