import Countersign
import Testing

/// One parser of networks, for proxies and for webhooks.
@Suite struct AddressRangeTests {
    @Test(arguments: [
        ("10.0.0.0/8", "10.255.0.1", "11.0.0.0"), ("::1", "::1", "::2"),
        ("192.0.2.7", "192.0.2.7", "192.0.2.8"),
        ("fd00:1::/64", "fd00:1::ffff", "fd00:1:0:1::"), ("0.0.0.0/0", "8.8.8.8", "::1"),
    ])
    func `a range and what is in it`(text: String, inside: String, outside: String) throws {
        let range = try AddressRange(text)
        #expect(range.contains(try #require(IPAddress(inside))))
        #expect(!range.contains(try #require(IPAddress(outside))))
    }

    @Test(arguments: [
        "", "10.0.0.0/33", "10.0.0/8", "localhost", "10.0.0.0/-1", "10.0.0.0/8/8", "10.0.0.0/08", "10.0.0.0/",
        "x/8", "::/129", "10.0.0.0 /8", "1\u{0301}0.0.0.0/8",
    ])
    func `what is no range`(text: String) throws {
        let error = try #require(throws: UnreadableRange.self) { try AddressRange(text) }
        #expect("\(error)".hasPrefix("'\(text)' is no network; allowed, separated by commas: an address"))
    }

    @Test(arguments: [("10.1.0.0/8", "10.0.0.0/8"), ("fd00::1/8", "fd00::/8")])
    func `bits after the length are told with the network that is meant`(text: String, meant: String) throws {
        let error = try #require(throws: UnreadableRange.self) { try AddressRange(text) }
        #expect("\(error)".hasSuffix("the network of that address is \(meant)"))
    }

    @Test func `a list has commas, and spaces or none`() throws {
        #expect(try AddressRange.list("10.0.0.0/8, ::1") == AddressRange.list("10.0.0.0/8,::1"))
        #expect(try AddressRange.list("") == [])
        for text in ["10.0.0.0/8,", ",", "10.0.0.0/8;::1", "10.0.0.0/8 ::1"] {
            #expect(throws: UnreadableRange.self, "\(text)") { try AddressRange.list(text) }
        }
    }
}
