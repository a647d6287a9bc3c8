import Countersign
import Testing

@Suite struct ForwardedAddressTests {
    @Test(arguments: [
        ("203.0.113.7", "203.0.113.7"), ("203.0.113.7:51008", "203.0.113.7"),
        (" 203.0.113.7 ", "203.0.113.7"),
        ("[2001:db8::1]:443", "2001:db8::1"), ("[2001:db8::1]", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("2001:db8::1%eth0", "2001:db8::1"), ("[fe80::1%25eth0]:80", "fe80::1"),
    ])
    func `an address with what proxies add to it`(text: String, address: String) {
        #expect(IPAddress(forwarded: text)?.description == address)
    }

    @Test(arguments: [
        "", "unknown", "_hidden", "203.0.113.7:", "203.0.113.7:x", "203.0.113.7:512345", "[2001:db8::1]443",
        "[2001:db8::1", "1.2.3", "host:80",
    ])
    func `what is no address`(text: String) {
        #expect(IPAddress(forwarded: text) == nil)
    }
}
