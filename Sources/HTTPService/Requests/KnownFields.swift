/// What may be the body of a request as JSON: every field is known, so that none is misspelt and goes unnoticed.
package protocol KnownFields: Decodable {
    associatedtype CodingKeys: CodingKey & CaseIterable
}

/// Fails with 400, which names a field that there is not and those that there are.
struct OnlyKnownFields<Body: KnownFields>: Decodable {
    let body: Body

    private struct Name: CodingKey {
        let stringValue: String
        let intValue: Int? = nil

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
        let known = Body.CodingKeys.allCases.map(\.stringValue)
        let given = try decoder.container(keyedBy: Name.self).allKeys.map(\.stringValue).sorted()
        if let other = given.first(where: { !known.contains($0) }) {
            let name = Self.isShown(other) ? "'\(other)'" : "of one of the names that were given"
            throw Problem.invalidRequest(
                "there is no field \(name); allowed: \(known.joined(separator: ", "))")
        }
        body = try Body(from: decoder)
    }

    /// As fields are called, misspelt or not. A code, a token or somebody's id, which a client may have put there by mistake, is
    /// not repeated.
    private static func isShown(_ name: String) -> Bool {
        (1...32).contains(name.utf8.count)
            && name.utf8.allSatisfy {
                $0 == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
            }
    }
}
