package import Foundation
import Testing

/// Files in the MaxMind DB format, as operators get them.
package enum PlaceFiles {
    /// What the files of `cities` say.
    static let cities = """
        {"203.0.113.0/24": {"country": {"iso_code": "NL"},
            "subdivisions": [{"iso_code": "NH", "names": {"en": "North Holland", "nl": "Noord-Holland"}}],
            "city": {"names": {"en": "The Hague", "nl": "Den Haag", "pt-BR": "Haia"}}},
         "198.51.100.0/24": {"country": {"iso_code": "DE"}, "subdivisions": [{"names": {"en": "Berlin"}}],
            "city": {"names": {"en": "Berlin"}}},
         "192.0.2.0/25": {"country": {"iso_code": "FR"}},
         "192.0.2.128/25": {"traits": {"is_anycast": true}, "city": {"names": "no names"}, "subdivisions": []},
         "2001:db8::/32": {"country": {"iso_code": "SE"},
            "city": {"names": {"en": "Malmö\\n\\u202eLocation: home"}}}}
        """

    /// Writes one and runs the body with its path; `type` is what it says of itself.
    package static func with<T>(
        type: String = "GeoLite2-City", _ content: String = cities, _ body: (URL) async throws -> T
    ) async throws -> T {
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).mmdb")
        defer { try? FileManager.default.removeItem(at: file) }
        try await write(to: file, type: type, content)
        return try await body(file)
    }

    /// In one move, as programs do that renew them.
    package static func write(
        to file: URL, type: String = "GeoLite2-City", _ content: String = cities
    ) async throws {
        let new = file.deletingLastPathComponent().appending(path: UUID().uuidString)
        _ = try await Python.run("places.py", new.path, type, input: content)
        try #require(unsafe rename(new.path, file.path) == 0)
    }
}
