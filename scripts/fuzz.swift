// The harness of scripts/fuzz: one input is a key, a signature and a message at once, as packets without armor
// and as the text itself.

import Foundation

private let context = try! OpenPGPContext(capacity: 4)
private let keys = try! Keys()
private let text: [UInt8] = [1, 2, 3]
private let other: [UInt8] = [4]

/// The keys that inputs are tried with. They stay the same from run to run, so that what was found before is still
/// deep when it is tried again: a message opens, and a signature is compared with its hash.
private struct Keys {
    let server: [UInt8]
    let device: String

    /// From the directory of the environment's FUZZ_KEYS. The first time they are made, and with them the first
    /// inputs, in FUZZ_CORPUS.
    init() throws {
        let keys = Self.directory("FUZZ_KEYS")
        if let server = try? Data(contentsOf: keys.appending(path: "server")),
            let device = try? String(contentsOf: keys.appending(path: "device"), encoding: .utf8)
        {
            (self.server, self.device) = (Array(server), device)
            return
        }
        let (pair, phone) = (
            try context.generateKeyPair(userID: "server"), try context.generateKeyPair(userID: "device")
        )
        (server, device) = (pair.secretKey, phone.publicKey)
        try Data(server).write(to: keys.appending(path: "server"))
        try Data(device.utf8).write(to: keys.appending(path: "device"))
        let message = try context.encrypt(text, to: pair.publicKey, signedBy: phone.secretKey)
        let signature = try context.sign(text, with: phone.secretKey)
        for (name, seed) in [("key", device), ("signature", signature), ("message", message)] {
            let corpus = Self.directory("FUZZ_CORPUS")
            try Data(seed.utf8).write(to: corpus.appending(path: "\(name).asc"))
            try Data(Self.binary(seed)).write(to: corpus.appending(path: name))
        }
        try Data(server).write(to: Self.directory("FUZZ_CORPUS").appending(path: "secret"))
    }

    private static func directory(_ variable: String) -> URL {
        URL(filePath: ProcessInfo.processInfo.environment[variable] ?? ".", directoryHint: .isDirectory)
    }

    private static func binary(_ armored: String) throws -> [UInt8] {
        for block in [Armor.Block.publicKey, .signature] {
            if let bytes = try? Armor.decode(armored, block) { return bytes }
        }
        return try Armor.decode(armored, .message)
    }
}

/// Before libFuzzer reads the corpus.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(
    _ count: UnsafeMutablePointer<Int32>, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>>
) -> Int32 {
    _ = keys
    return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let plain = String(decoding: bytes, as: UTF8.self)
    offer(key: plain, signature: plain, message: plain)
    offer(
        key: armor(bytes, "PUBLIC KEY BLOCK"), signature: armor(bytes, "SIGNATURE"),
        message: armor(bytes, "MESSAGE"))
    _ = try? context.sign(text, with: bytes)
    return 0
}

/// No signature is of `other`, and no message is of anything but `text`: nothing else may be accepted.
private func offer(key: String, signature: String, message: String) {
    _ = try? context.inspect(publicKey: key)
    _ = try? context.encrypt(text, to: key, signedBy: nil)
    let verified = try? context.verify(signature: signature, message: other, by: keys.device)
    precondition(verified == nil, "a forged signature was accepted")
    _ = OpenPGPContext.text(of: signature, among: [text, other])
    let opened = try? context.decrypt(message, with: keys.server, signedBy: keys.device)
    precondition(opened == nil || opened == text, "a forged message was accepted")
}

private func armor(_ bytes: [UInt8], _ block: String) -> String {
    "-----BEGIN PGP \(block)-----\n\n\(base64(bytes))\n-----END PGP \(block)-----\n"
}

private func base64(_ bytes: [UInt8]) -> String {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    var text = ""
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let group = bytes[start..<min(start + 3, bytes.count)]
        let value = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
        for index in 0...3 {
            text.append(index <= group.count ? digits[value >> (18 - 6 * index) & 63] : "=")
        }
    }
    return text
}
