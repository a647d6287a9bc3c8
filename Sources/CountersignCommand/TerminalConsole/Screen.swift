import Foundation
import Glibc
import Synchronization

/// The whole terminal, for as long as a command has it. What stood there before is there again afterwards.
final class Screen: Sendable {
    /// Why it is to be drawn again.
    enum Event { case second, resized }

    private let isOpen = Mutex(true)
    private let before: termios

    /// No echo, no lines, no Ctrl-Z, which would leave the terminal as it is. Ctrl-C goes on to end the process.
    init() throws {
        var settings = termios()
        guard unsafe tcgetattr(STDIN_FILENO, &settings) == 0 else {
            throw Failure(.usage, "the terminal's settings cannot be read")
        }
        before = settings
        settings.c_lflag &= ~tcflag_t(ICANON | ECHO)
        settings.c_cc.10 = 0  // VSUSP, to _POSIX_VDISABLE
        unsafe tcsetattr(STDIN_FILENO, TCSANOW, &settings)
        // The alternate screen, and no cursor.
        send("\u{1B}[?1049h\u{1B}[?25l\u{1B}[2J")
        Interruption.shared.atEnd { [weak self] in self?.close() }
    }

    /// What stands there is written over, line by line and in one piece, so that nothing flickers.
    func draw(_ lines: [String]) {
        let text = lines.map { "\($0)\u{1B}[K" }.joined(separator: "\r\n")
        isOpen.withLock { isOpen in
            if isOpen { send("\u{1B}[?2026h\u{1B}[H\(text)\u{1B}[J\u{1B}[?2026l") }
        }
    }

    /// Nothing is drawn any more.
    func close() {
        isOpen.withLock { isOpen in
            guard isOpen else { return }
            isOpen = false
            send("\u{1B}[0m\u{1B}[?25h\u{1B}[?1049l")
            var settings = before
            unsafe tcsetattr(STDIN_FILENO, TCSANOW, &settings)
        }
    }

    /// Each second, and when the terminal has another size. q ends the process whatever it waits for, and so does the end
    /// of what is typed.
    func events() -> AsyncStream<Event> {
        AsyncStream(bufferingPolicy: .bufferingNewest(2)) { continuation in
            let keys = DispatchSource.makeReadSource(fileDescriptor: STDIN_FILENO, queue: .global())
            keys.setEventHandler { withExtendedLifetime(keys) { self.read() } }
            let sizes = DispatchSource.makeSignalSource(signal: SIGWINCH, queue: .global())
            sizes.setEventHandler { _ = withExtendedLifetime(sizes) { continuation.yield(.resized) } }
            let seconds = DispatchSource.makeTimerSource(queue: .global())
            seconds.schedule(deadline: .now() + 1, repeating: 1)
            seconds.setEventHandler { _ = withExtendedLifetime(seconds) { continuation.yield(.second) } }
            keys.activate()
            sizes.activate()
            seconds.activate()
            continuation.yield(.resized)
        }
    }

    private func read() {
        let typed = FileHandle.standardInput.availableData
        guard typed.isEmpty || typed.contains(where: { [0x71, 0x51, 0x04].contains($0) }) else { return }
        close()
        endProcess(0)
    }

    private func send(_ text: String) {
        try? FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
    }
}
