import Countersign
import Testing
import Webhooks

/// What the address guard decides without a network.
@Suite struct AddressTests {
    /// Every range of the list, in the spellings that people and attackers use: the first and the last of each.
    @Test(arguments: [
        "0.0.0.0", "0.255.255.255", "10.0.0.1", "100.64.0.0", "100.127.255.255", "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1",
        "192.168.0.1",
        "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::", "::1", "0:0:0:0:0:0:0:1", "0000:0000:0000:0000:0000:0000:0000:0001",
        "::ffff:127.0.0.1", "::ffff:7f00:1", "::FFFF:7F00:0001", "::ffff:8.8.8.8", "::127.0.0.1",
        "::ffff:0:127.0.0.1",
        "64:ff9b::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1", "100:0:0:1::1", "2001:db8::1",
        "2001::1",
        "2002:7f00:1::", "2002:a9fe:a9fe::1", "3fff::1", "3fff:fff::1", "5f00::1", "fc00::1", "fd00:ec2::254",
        "fdff::1", "fe80::1", "fec0::1", "ff02::1", "4000::1",
    ])
    func `an address that is forbidden`(text: String) throws {
        let address = try #require(IPAddress(text))
        #expect(ForbiddenRanges.range(of: address) != nil)
        for scheme in [CallbackAddress.Scheme.https, .http] {
            #expect(throws: AddressRefusal.self) { try AddressPolicy().check([address], scheme) }
        }
    }

    @Test(arguments: [
        "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
        "128.0.0.0", "169.253.255.255", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.167.255.255",
        "198.17.255.255",
        "198.20.0.0", "223.255.255.255", "2606:4700::1111", "2001:4860:4860::8888", "2a00::1",
    ])
    func `an address that is public`(text: String) throws {
        let address = try #require(IPAddress(text))
        #expect(ForbiddenRanges.range(of: address) == nil)
        try AddressPolicy().check([address], .https)
    }

    /// What inet_aton, a browser or another parser would take for an address or for another host.
    @Test(arguments: [
        "https://0177.0.0.1/", "https://0x7f.0.0.1/", "https://0x7f000001/", "https://2130706433/",
        "https://127.1/",
        "https://127.0.1/", "https://017700000001/", "https://127.0.0.01/", "https://127.0.0.1./",
        "https://localhost./", "https://acme.example./", "https://0/", "https://0x0/", "https://1.2.3.4.5/",
        "https://256.0.0.1/", "https://[::1%25lo]/", "https://[::1%lo]/", "https://[fe80::1%eth0]/",
        "https://[::1/",
        "https://::1/", "https://[127.0.0.1]/", "https://[::ffff:1.2.3.4:5]/", "https://[1.2.3.4::]/",
        "https://127%2e0.0.1/", "https://%31%32%37.0.0.1/", "https://acme.example%00.evil.example/",
        "https://\u{2460}\u{2461}\u{2466}.0.0.1/", "https://127\u{3002}0\u{3002}0\u{3002}1/",
        "https://ac\u{E9}me.example/",
        "https://user@127.0.0.1/", "https://user:secret@acme.example/", "https://acme.example@evil.example/",
        "https://acme.example\\@evil.example/", "https://acme.example#@evil.example/",
        "https://acme.example/#part",
        "https://acme .example/", "https://acme.example/ x", "https://acme.example\n/", "https:///cb",
        "https://",
        "https://-a.example/", "https://a..example/", "https://.example/", "https://acme.example:/",
        "https://acme.example:0/", "https://acme.example:65536/", "https://acme.example:0443/",
        "https://acme.example:443:444/", "https://acme.example:+443/", "https://a.0x/",
        "ftp://acme.example/", "file:///etc/passwd", "unix:///var/run/docker.sock", "//acme.example/",
        "acme.example",
        "gopher://acme.example/", "http+unix://%2Fvar%2Frun%2Fdocker.sock/", "https:/acme.example/", "",
    ])
    func `a callback address that is refused`(uri: String) {
        #expect(throws: AddressRefusal.self) { try CallbackAddress(uri) }
    }

    @Test(arguments: [
        ("https://acme.example", "https://acme.example:443/"),
        ("HTTPS://Acme.Example/Path?q=1", "https://acme.example:443/Path?q=1"),
        ("https://acme.example?q=1", "https://acme.example:443/?q=1"),
        ("http://acme.example:8080/a/b", "http://acme.example:8080/a/b"),
        ("https://xn--mnchen-3ya.example/", "https://xn--mnchen-3ya.example:443/"),
        ("https://a_b.example/", "https://a_b.example:443/"), ("https://1.1.1.1/", "https://1.1.1.1:443/"),
        ("https://[2606:4700:0:0::1111]:8443/", "https://[2606:4700::1111]:8443/"),
        ("https://1a.example/", "https://1a.example:443/"),
        ("https://acme.example//x", "https://acme.example:443//x"),
    ])
    func `a callback address that is understood`(uri: String, url: String) throws {
        #expect(try CallbackAddress(uri).url == url)
    }

    /// One forbidden answer among public ones is enough.
    @Test func `any forbidden answer refuses`() throws {
        let answers = try ["8.8.8.8", "2606:4700::1111", "10.1.2.3"].map { try #require(IPAddress($0)) }
        try AddressPolicy().check(Array(answers.prefix(2)), .https)
        #expect(throws: AddressRefusal.self) { try AddressPolicy().check(answers, .https) }
        let inside = try AddressRange("10.1.0.0/16")
        try AddressPolicy(allowed: [inside]).check(answers, .https)
        #expect(throws: AddressRefusal.self) { try AddressPolicy(allowed: [inside]).check(answers, .http) }
        // Plain HTTP is allowed to a network, not to the names that have an address there, too.
        #expect(throws: AddressRefusal.self) { try AddressPolicy(plainHTTP: [inside]).check(answers, .http) }
        try AddressPolicy(plainHTTP: [inside]).check([answers[2]], .http)
    }

    @Test func `ports and schemes`() throws {
        try AddressPolicy().check(CallbackAddress("https://acme.example/"))
        try AddressPolicy().check(CallbackAddress("https://acme.example:8443/"))
        for uri in ["https://acme.example:22/", "https://acme.example:5432/", "http://acme.example:443/"] {
            #expect(throws: AddressRefusal.self) { try AddressPolicy().check(CallbackAddress(uri)) }
        }
    }

    @Test func `addresses are written short`() {
        for (text, short) in [
            ("2001:0db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("0:0:0:0:0:0:0:0", "::"),
            ("1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"),
            ("::ffff:1.2.3.4", "::ffff:102:304"), ("fe80::", "fe80::"),
        ] {
            #expect(IPAddress(text)?.description == short)
        }
    }
}
