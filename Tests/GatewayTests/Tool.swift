import Foundation
import Support
import Testing

/// Runs a program of the machine and waits for its end. Its output goes to a file, so that no full pipe can stop it;
/// what it says on standard error is let go unless asked for.
func runTool(
    _ program: String, _ arguments: [String], environment: [String: String] = [:], withErrors: Bool = false,
    timeout: Duration = .seconds(60)
) async throws -> (status: Int32, output: String) {
    let log = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).log")
    try Data().write(to: log)
    defer { try? FileManager.default.removeItem(at: log) }
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let output = try FileHandle(forWritingTo: log)
    (process.standardOutput, process.standardError) = (output, withErrors ? output : FileHandle.nullDevice)
    process.standardInput = FileHandle.nullDevice
    let ended = Signal()
    process.terminationHandler = { _ in ended.fire() }
    try process.runOnFiles()
    do {
        try await ended.wait(timeout: timeout)
    } catch {
        process.terminate()
        throw error
    }
    return (process.terminationStatus, try String(contentsOf: log, encoding: .utf8))
}
