import CountersignApp
import Foundation

/// From the code itself, a link that carries it, the path of a PNG with a QR code, or `-` for a line of standard input.
func scannedCode(_ given: String) throws -> Code {
    var given = given
    if given == "-" { given = readLine() ?? "" }
    if given.lowercased().hasSuffix(".png") { given = try readQRCode(given) }
    return try Code(given)
}

private func readQRCode(_ path: String) throws -> String {
    guard FileManager.default.fileExists(atPath: path) else {
        throw Failure(.data, "there is no file \(path)")
    }
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["zbarimg", "--quiet", "--raw", "--nodbus", path]
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    switch process.terminationStatus {
    case 0: return text
    case 127: throw Failure(.configuration, "reading a QR code needs zbarimg: apt-get install zbar-tools")
    default: throw Failure(.data, "there is no QR code in \(path) that zbarimg could read")
    }
}
