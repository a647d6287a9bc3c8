package import Places

/// What the app shows for a request, a line each, by its place: what portals and visitors write has no line breaks. The
/// visitor's own words come last, behind the address that they might imitate, and cannot be spread so far that they seem
/// to begin another line.
package struct PromptLines: Sendable {
    /// Display name.
    package var portal: String
    package var message: String
    /// Two digits that the visitor types on the portal's page.
    package var number: String?
    package var browser: Browser?
    package var network: Match?
    package var country: Match?
    package var address: String?
    /// Where that is said to be.
    package var place: Place?
    /// What an operator says in the place of the lines on the visitor.
    package var visitorLine: String?
    package var userAgent: String?
    /// A tag, as `nl-be`; the labels are in that language, or in English.
    package var language: String?

    package init(
        portal: String, message: String, number: String? = nil, browser: Browser? = nil,
        network: Match? = nil, address: String? = nil, userAgent: String? = nil,
        language: String? = nil
    ) {
        (self.portal, self.message, self.number) = (portal, message, number)
        (self.browser, self.network) = (browser, network)
        (self.address, self.language) = (address, language)
        self.userAgent = userAgent.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Of the visitor's browser, what its user knows of it.
    package enum Browser: Sendable, Hashable {
        case new
        /// The day (UTC), such as `2026-11-28`.
        case lastUsed(String)

        var isKnown: Bool { self != .new }
    }

    /// Whether the visitor and the device came from one network, or country.
    package enum Match: String, Sendable {
        case same, other, unknown
    }

    package var lines: [String] {
        let labels = PromptLabels.matching(language)
        var lines = [portal, message]
        if let number { lines.append("\(labels.number): \(number)") }
        switch browser {
        case .new: lines.append(labels.newBrowser)
        case .lastUsed(let day): lines.append("\(labels.lastUsed) \(day)")
        case nil: break
        }
        if let network { lines.append(labels.network[network]) }
        if let country { lines.append(labels.country[country]) }
        if let line = visitorLine.flatMap({ VisitorLine($0).text(visitor) }) { return lines + [line] }
        if address != nil || userAgent != nil {
            lines.append("\(labels.location): \(location ?? labels.unknown)")
        }
        if let userAgent { lines.append("\(labels.device): \(Self.device(userAgent))") }
        return lines
    }

    /// `Amsterdam, North Holland, NL (203.0.113.7)`, or the address alone.
    private var location: String? {
        guard let address, let place else { return address }
        return "\(place.text) (\(address))"
    }

    /// What is known of the visitor.
    private var visitor: [VisitorLine.Name: String] {
        var known: [VisitorLine.Name: String] = [:]
        known[.browser] = userAgent.flatMap(Visitor.browser)
        known[.operatingSystem] = userAgent.flatMap(Visitor.system)
        known[.countryCode] = place?.countryCode
        known[.region] = place?.region
        known[.city] = place?.city
        return known
    }

    /// Browser and system of one that is known; any other as it is, for a portal may say what its terminal is called.
    private static func device(_ text: String) -> String {
        let (browser, system) = (Visitor.browser(text), Visitor.system(text))
        switch (browser, system) {
        case (let browser?, let system?): return "\(browser) (\(system))"
        case (let known?, nil), (nil, let known?): return known
        case (nil, nil): return shortened(text)
        }
    }

    /// At most 160 characters, with single blanks of whatever width they were.
    private static func shortened(_ text: String) -> String {
        var kept = String.UnicodeScalarView()
        var count = 0
        var wasBlank = false
        for scalar in text.unicodeScalars where count < 160 {
            let isBlank = scalar.properties.generalCategory == .spaceSeparator
            if isBlank && wasBlank { continue }
            kept.append(isBlank ? " " : scalar)
            wasBlank = isBlank
            count += 1
        }
        return String(kept)
    }
}
