package import Foundation

/// What zbarimg, of Debian's zbar-tools, reads in a picture; nil when there is no code in it.
package func zbar(_ picture: Data, _ kind: String) async throws -> String? {
    let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).\(kind)")
    try picture.write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    return try await zbar(file)
}

private func zbar(_ file: URL) async throws -> String? {
    let outcome = try await runProgram(
        "/usr/bin/zbarimg", ["-q", "--raw", "-Sdisable", "-Sqrcode.enable", file.path])
    guard outcome.status == 0 else { return nil }
    return outcome.output.hasSuffix("\n") ? String(outcome.output.dropLast()) : outcome.output
}
