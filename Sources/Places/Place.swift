/// Where an address is said to be. It is a guess of whoever made the file: of a provider's customers often no more than the
/// country is right, and it decides nothing.
package struct Place: Hashable, Sendable {
    /// ISO 3166-1, two letters.
    package let countryCode: String?
    /// Of its largest division, as a province or a state.
    package let region: String?
    package let city: String?

    package init?(countryCode: String? = nil, region: String? = nil, city: String? = nil) {
        guard countryCode != nil || region != nil || city != nil else { return nil }
        (self.countryCode, self.region, self.city) = (countryCode, region, city)
    }

    /// `Amsterdam, North Holland, NL`: what is known of it, the smallest first, a name that is two of them once.
    package var text: String {
        let parts = [city, region == city ? nil : region, countryCode]
        return parts.compactMap { $0 }.joined(separator: ", ")
    }
}
