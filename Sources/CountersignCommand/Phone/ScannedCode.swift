import Countersign
import Crypto
import Foundation
import Postgres

/// A code that a phone has got hold of, taken apart.
struct ScannedCode {
    let text: String
    let transactionID: Identifier
    let secretDigest: [UInt8]

    /// From the code itself, a link that carries it, the path of a PNG with a QR code, or `-` for a line of
    /// standard input.
    init(_ given: String) throws {
        var given = given
        if given == "-" { given = readLine() ?? "" }
        if given.lowercased().hasSuffix(".png") { given = try Self.readQRCode(given) }
        guard let code = Self.find(in: given) else {
            throw Failure(
                .data, "there is no code: it has 64 characters of A-Z, a-z, 0-9, - and _, alone or in a link")
        }
        text = code
        let base64 = code.replacing("-", with: "+").replacing("_", with: "/")
        guard let bytes = Data(base64Encoded: base64).map(Array.init),
            let transaction = Identifier(bytes: bytes.prefix(16))
        else { throw Failure(.internal, "64 characters of base64 are 48 bytes") }
        transactionID = transaction
        secretDigest = Array(SHA256.hash(data: bytes.dropFirst(16)))
    }

    /// The one run of exactly 64 characters of the alphabet; nil when there is none, or more than one.
    private static func find(in text: String) -> String? {
        let codes = text.split { !($0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_")) }
            .filter { $0.count == 64 }
        return codes.count == 1 ? String(codes[0]) : nil
    }

    private static func readQRCode(_ path: String) throws -> String {
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
}
