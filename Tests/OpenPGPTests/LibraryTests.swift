import Logging
import OpenPGP
import Testing

@Suite struct LibraryTests {
    /// Major, minor and patch of 10 bits each.
    @Test func `only the broken version is refused`() throws {
        #expect(throws: OpenPGPError.unsafeLibrary(version: "0.18.0")) {
            try LibraryCheck.checkVersion(18 << 10)
        }
        for version: UInt32 in [16 << 10 | 3, 17 << 10, 18 << 10 | 1, 1 << 20 | 18 << 10] {
            try LibraryCheck.checkVersion(version)
        }
    }

    /// As Debian builds it, librnp prints about each bad input.
    @Test func `nothing is printed for a bad key`() async throws {
        let result = try #require(
            await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
                let context = try OpenPGPContext()
                // A signature that is wrong.
                var key = dearmor(FixedKey.publicKey)
                key[57] ^= 1
                #expect(throws: KeyRefusal.self) {
                    try context.inspect(publicKey: armor(key, "PUBLIC KEY BLOCK"))
                }
                let logger = Logger(label: "test") { StreamLogHandler.standardError(label: $0) }
                logger.error("still there")
            })
        let errors = String(decoding: result.standardErrorContent, as: UTF8.self)
        #expect(errors.contains("still there"))
        #expect(!errors.contains(".cpp"))
    }

    @Test func `a secret is not printed`() throws {
        let pair = try OpenPGPContext().generateKeyPair(userID: "device")
        var dumped = ""
        dump(pair, to: &dumped)
        for text in [dumped, "\(pair)", String(reflecting: pair), String(describing: Optional(pair))] {
            #expect(!text.contains("\(pair.secretKey[20]), \(pair.secretKey[21])"))
            #expect(text.contains("redacted"))
        }
    }

    @Test(arguments: ["", String(repeating: "x", count: 129), "a\0b"])
    func `a user id is bounded`(_ userID: String) throws {
        let context = try OpenPGPContext()
        #expect(throws: OpenPGPError.invalidUserID) { try context.generateKeyPair(userID: userID) }
    }
}
