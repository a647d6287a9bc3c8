// The harness of scripts/fuzz: one input is a key, a signature and a message at once, as packets without armor
// and as the text itself.

private let context = try! OpenPGPContext(capacity: 4)
private let server = try! context.generateKeyPair(userID: "server")
private let device = try! context.generateKeyPair(userID: "device")
private let text: [UInt8] = [1, 2, 3]

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

/// Nothing of it is signed, so nothing may be accepted.
private func offer(key: String, signature: String, message: String) {
    _ = try? context.inspect(publicKey: key)
    _ = try? context.verify(signature: signature, message: text, by: key)
    let verified = try? context.verify(signature: signature, message: text, by: device.publicKey)
    precondition(verified == nil, "a forged signature was accepted")
    let opened = try? context.decrypt(message, with: server.secretKey, signedBy: device.publicKey)
    precondition(opened == nil, "a forged message was accepted")
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
