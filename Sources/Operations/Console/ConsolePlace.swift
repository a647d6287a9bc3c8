import HTTPService

/// A page with what its address asks of it: what a link holds that somebody sends.
struct ConsolePlace: Sendable, Hashable {
    let page: ConsolePage
    /// By the page's parameters; none is empty.
    private let values: [String: String]

    /// Passes over what the page does not know, and what no text of the database can hold.
    init(_ page: ConsolePage, _ values: [String: String] = [:]) {
        self.page = page
        self.values = values.filter { name, value in
            page.parameters.contains(name) && !value.isEmpty && value.utf8.count <= 512
                && !value.utf8.contains(0)
        }
    }

    /// As `text` says it: `requests?portal=acme`. Nil when there is no such page.
    init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "?"), maxSplits: 1)
        guard let page = parts.first.flatMap({ ConsolePage(rawValue: String($0) ?? "") }) else { return nil }
        self.init(page, parts.count > 1 ? (try? Form(parts[1]).values) ?? [:] : [:])
    }

    subscript(name: String) -> String? { values[name] }

    /// Whether it asks for nothing in particular.
    var isPlain: Bool { values.isEmpty }

    /// The same with another value; nil takes it out.
    func with(_ name: String, _ value: String?) -> ConsolePlace {
        ConsolePlace(page, values.merging([name: value ?? ""]) { $1 })
    }

    var text: String {
        let words = page.parameters.compactMap { name in values[name].map { "\(name)=\(urlEscaped($0))" } }
        return page.rawValue + (words.isEmpty ? "" : "?" + words.joined(separator: "&"))
    }

    var address: String { "/console/" + text }
}

extension ConsolePage {
    /// What may stand behind the question mark of its address, in that order.
    var parameters: [String] {
        switch self {
        case .requests:
            [
                "id", "portal", "type", "state", "reference", "user", "device", "since", "until", "before",
            ]
        case .webhooks: ["portal", "receiver", "state", "since", "before"]
        case .events: ["type", "portal", "user", "transaction", "since", "until", "before"]
        case .users: ["app", "user"]
        case .enrollments: ["app", "user", "device", "status", "before"]
        case .settings: ["subject"]
        case .overview: ["range"]
        default: []
        }
    }
}

/// What stands in an address for that text (RFC 3986 section 2.1).
func urlEscaped(_ text: String) -> String {
    text.utf8.map { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            String(UnicodeScalar(byte))
        default: "%" + String(UInt16(byte) + 0x100, radix: 16, uppercase: true).dropFirst()
        }
    }.joined()
}
