import ArgumentParser
import Glibc

/// `--yes`, for commands that take something away and ask before.
struct Confirmation: ParsableArguments {
    @Flag(help: "Do not ask.")
    var yes = false

    /// Fails with 65 when the answer is no, and with 64 when there is nobody to ask.
    func ask(_ warning: String) throws {
        guard try !yes && !Environment.current.isOn("yes") else { return }
        guard isatty(STDIN_FILENO) == 1 else {
            throw Failure(.usage, "\(warning): give --yes, where nobody can be asked")
        }
        writeError("\(plain(warning)). Go on? [y/N]")
        guard isYes(readLine()) else { throw Failure(.data, "nothing was changed") }
    }
}

func isYes(_ answer: String?) -> Bool { ["y", "yes"].contains(answer?.lowercased() ?? "") }
