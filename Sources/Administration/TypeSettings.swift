import Postgres

/// What a type asks of its requests, beside when they expire. What is nil stays as it is, or is the default.
struct TypeSettings: Sendable {
    var confirmCode: String?
    /// Seconds; 0 is none.
    var codeRotation: Int32?
    var redeemOnce: Bool?
    var scanRequired: Bool?
    var sameNetwork: String?
    var sameCountry: String?
    var allowQR: Bool?
    var allowLink: Bool?

    private static let comparisons = ["off", "tell", "refuse"]

    static let inputs = [
        ActionInput(
            "confirm-code", .option,
            help:
                "Whether the visitor types two digits that the phone shows: never, always, or new_browser (with a browser that is new to the user).",
            placeholder: "when", words: ["never", "new_browser", "always"]),
        ActionInput(
            "code-rotation", .option,
            help: "How long a code is shown before the next one: 1 to 60, or 0 when it stays the same.",
            placeholder: "seconds"),
        ActionInput(
            "redeem-once", .option,
            help: "Whether results are taken once instead of read for 300 s: yes, or no.",
            placeholder: "yes or no", words: ["yes", "no"]),
        ActionInput(
            "scan-required", .option,
            help: "Whether nobody accepts without having scanned: yes, or no. A new type has yes.",
            placeholder: "yes or no", words: ["yes", "no"]),
        ActionInput(
            "same-network", .option,
            help:
                "Whether the networks of browser and device are compared: off, tell, or refuse another one.",
            placeholder: "what", words: Self.comparisons),
        ActionInput(
            "same-country", .option,
            help:
                "Whether the countries of browser and device are compared, by the workers' --geoip: off, tell, or refuse another one.",
            placeholder: "what", words: Self.comparisons),
        ActionInput(
            "allow-qr", .option, help: "Whether codes may be scanned: yes, or no.", placeholder: "yes or no",
            words: ["yes", "no"]),
        ActionInput(
            "allow-link", .option,
            help: "Whether a link on the same device may open the app: yes, or no.", placeholder: "yes or no",
            words: ["yes", "no"]),
    ]

    init(_ words: ActionWords) throws {
        confirmCode = words.optional("confirm-code")
        codeRotation = try words.optional("code-rotation").map { typed in
            guard let seconds = Int32(typed) else {
                throw UnreadableInput(
                    "a code is shown for 1 to 60 seconds, or 0 for all of them, not '\(typed)'")
            }
            return seconds
        }
        redeemOnce = try Self.isYes("results are taken once", words.optional("redeem-once"))
        scanRequired = try Self.isYes("nobody accepts without a scan", words.optional("scan-required"))
        sameNetwork = words.optional("same-network")
        sameCountry = words.optional("same-country")
        allowQR = try Self.isYes("codes may be scanned", words.optional("allow-qr"))
        allowLink = try Self.isYes("a link may open the app", words.optional("allow-link"))
    }

    private static func isYes(_ sentence: String, _ word: String?) throws(UnreadableInput) -> Bool? {
        guard let word else { return nil }
        guard ["yes", "no"].contains(word) else {
            throw UnreadableInput("\(sentence): yes or no, not '\(word)'")
        }
        return word == "yes"
    }

    init() {}

    var isEmpty: Bool {
        confirmCode == nil && codeRotation == nil && redeemOnce == nil && scanRequired == nil
            && sameNetwork == nil && sameCountry == nil && allowQR == nil && allowLink == nil
    }

    /// In the order of the statements that take them.
    var parameters: [Parameter] {
        [
            Parameter(confirmCode), codeRotation.map(Parameter.int32) ?? .null, Parameter(redeemOnce),
            Parameter(scanRequired), Parameter(sameNetwork), Parameter(allowQR), Parameter(allowLink),
            Parameter(sameCountry),
        ]
    }

    /// Of a form, for a type or a new one.
    static func fields(_ type: AuthenticationType?) -> [ActionButton.Field] {
        let words = ["never", "new_browser", "always"]
        let current = type?.confirmCode ?? "never"
        let (network, country) = (type?.sameNetwork ?? "off", type?.sameCountry ?? "off")
        return [
            .init(
                name: "confirm-code", caption: "Confirmation number",
                kind: .choice([current] + words.filter { $0 != current })),
            .init(
                name: "code-rotation", caption: "Code changes every (1 to 60 s, 0: never)",
                value: "\(type?.codeRotation?.components.seconds ?? 0)", size: 5),
            .init(
                name: "redeem-once", caption: "Results are taken once",
                kind: .choice(type?.redeemOnce == true ? ["yes", "no"] : ["no", "yes"])),
            .init(
                name: "scan-required", caption: "Nobody accepts without a scan",
                kind: .choice(type?.scanRequired == false ? ["no", "yes"] : ["yes", "no"])),
            .init(
                name: "same-network", caption: "Networks of browser and device",
                kind: .choice([network] + comparisons.filter { $0 != network })),
            .init(
                name: "same-country", caption: "Countries of browser and device",
                kind: .choice([country] + comparisons.filter { $0 != country })),
            .init(
                name: "allow-qr", caption: "Codes may be scanned",
                kind: .choice(type?.allowQR == false ? ["no", "yes"] : ["yes", "no"])),
            .init(
                name: "allow-link", caption: "A link may open the app",
                kind: .choice(type?.allowLink == true ? ["yes", "no"] : ["no", "yes"])),
        ]
    }
}
