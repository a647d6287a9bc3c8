import Postgres
import Testing

struct IdentifierTests {
    @Test
    func `reads and writes the hyphenated form`() throws {
        let text = "0192f0c1-2b3d-7e4f-8a9b-0c1d2e3f4a5b"
        #expect(try #require(Identifier(text)).description == text)
        #expect(Identifier(text.uppercased())?.description == text)
    }

    @Test(arguments: [
        "", "0192f0c1", "0192f0c12b3d7e4f8a9b0c1d2e3f4a5b", "0192f0c1-2b3d-7e4f-8a9b-0c1d2e3f4a5",
        "0192f0c1-2b3d-7e4f-8a9b-0c1d2e3f4a5b0", "0192f0c1-2b3d-7e4f-8a9b-0c1d2e3f4a5g",
        "{192f0c1-2b3d-7e4f-8a9b-0c1d2e3f4a5b", "0192f0c12-b3d-7e4f-8a9b-0c1d2e3f4a5b",
        "é192f0c1-2b3d-7e4f-8a9b-0c1d2e3f4a5",
    ])
    func `refuses anything else`(text: String) {
        #expect(Identifier(text) == nil)
    }

    @Test
    func `has sixteen bytes and sorts by them`() throws {
        let bytes = [UInt8](1...16)
        let identifier = try #require(Identifier(bytes: bytes))
        #expect(identifier.bytes == bytes)
        #expect(identifier.description == "01020304-0506-0708-090a-0b0c0d0e0f10")
        #expect(Identifier(bytes: bytes.dropLast()) == nil)
        #expect(try identifier < #require(Identifier(bytes: [UInt8](1...15) + [17])))
        #expect(try identifier < #require(Identifier(bytes: [255] + [UInt8](repeating: 0, count: 15))))
    }

    @Test
    func `a random one is of version 4 and the variant of RFC 9562`() {
        let identifiers = (0..<100).map { _ in Identifier.random() }
        #expect(Set(identifiers).count == 100)
        #expect(identifiers.allSatisfy { $0.bytes[6] >> 4 == 4 && $0.bytes[8] >> 6 == 2 })
    }
}
