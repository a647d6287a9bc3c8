import Countersign
import Testing

@Suite struct ShownNameTests {
    @Test(arguments: [
        "acme", "Acme Bank GmbH & Co. KG", "Crédit Agricole", "Банк Москвы", "東京カタカナ銀行 Bank", "한국은행", "بنك",
        "ΕΛΛΑΣ", "Bank 24",
        "Büro für Straßen", "日本 Acme",
    ])
    func `one script, or what is written together, is sound`(name: String) {
        #expect(ShownName.fault(in: name) == nil, "\(name)")
    }

    /// Cyrillic a, Greek omicron, Armenian o, digits of Arabic and of Bengali, a mark twice.
    @Test(arguments: [
        "\u{430}cme", "G\u{3BF}ogle", "Acm\u{565}", "Acme \u{661}\u{9E7}", "Ac\u{301}\u{301}me",
    ])
    func `what can be made to look like another is not`(name: String) {
        #expect(ShownName.fault(in: name) != nil, "\(name)")
    }

    @Test func `names that look alike have one skeleton`() {
        let alike = [
            ("Acme", "ACME"), ("paypal", "pаypаl"), ("portal1", "portaII"), ("Acme", "Асmе"), ("rn", "m"),
        ]
        for (one, other) in alike {
            #expect(ShownName.skeleton(of: one) == ShownName.skeleton(of: other), "\(one) \(other)")
        }
        for (one, other) in [("Acme", "Acne"), ("portal1", "portal2"), ("", "x")] {
            #expect(ShownName.skeleton(of: one) != ShownName.skeleton(of: other), "\(one) \(other)")
        }
    }
}
