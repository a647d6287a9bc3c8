import Foundation
import Places
import Support
import Testing

/// Files that another program has written, in the format that operators get theirs in.
@Suite(.logs) struct PlacesTests {
    @Test func `an address is somewhere`() async throws {
        try await PlaceFiles.with { file in
            let places = try Places(path: file.path, logger: LogCapture.current.logger())
            func text(_ address: String, _ language: String? = nil) -> String? {
                places.place(of: address, language: language)?.text
            }
            #expect(text("203.0.113.7") == "The Hague, North Holland, NL")
            #expect(text("203.0.113.7", "nl-be") == "Den Haag, Noord-Holland, NL")
            #expect(text("203.0.113.7", "NL_BE") == "Den Haag, Noord-Holland, NL")
            #expect(text("203.0.113.7", "pt-br") == "Haia, North Holland, NL")
            #expect(text("203.0.113.7", "sv") == "The Hague, North Holland, NL")
            #expect(text("198.51.100.1") == "Berlin, DE", "a city that is a region, once")
            #expect(text("::ffff:203.0.113.7", "nl") == "Den Haag, Noord-Holland, NL")
            #expect(text("192.0.2.1") == "FR")
            for nowhere in [
                "192.0.2.200", "10.0.0.1", "::1", "acme.example", "203.0.113", "", "203.0.113.7/24",
            ] {
                #expect(text(nowhere) == nil, "\(nowhere)")
            }
            let place = places.place(of: "203.0.113.7")
            #expect(place == Place(countryCode: "NL", region: "North Holland", city: "The Hague"))
        }
    }

    @Test func `a name stays on its line`() async throws {
        try await PlaceFiles.with { file in
            let places = try Places(path: file.path, logger: LogCapture.current.logger())
            #expect(places.place(of: "2001:db8::1")?.text == "MalmöLocation: home, SE")
        }
    }

    @Test func `a file that is none is refused, and one of other things`() async throws {
        let logger = LogCapture.current.logger()
        #expect(throws: PlaceFileError.self) { try Places(path: "/nonexistent.mmdb", logger: logger) }
        #expect(throws: PlaceFileError.self) { try Places(path: "/etc/passwd", logger: logger) }
        try await PlaceFiles.with(type: "GeoLite2-ASN") { file in
            let error = #expect(throws: PlaceFileError.self) { try Places(path: file.path, logger: logger) }
            #expect("\(error!)".contains("holds GeoLite2-ASN; a file of cities or countries is needed"))
        }
    }

    @Test func `another file is used without a restart, and a broken one is not`() async throws {
        try await PlaceFiles.with { file in
            let places = try Places(path: file.path, interval: .zero, logger: LogCapture.current.logger())
            #expect(places.place(of: "192.0.2.1")?.text == "FR")
            try await PlaceFiles.write(to: file, #"{"192.0.2.0/24": {"country": {"iso_code": "BE"}}}"#)
            #expect(places.place(of: "192.0.2.1")?.text == "BE")
            try FileManager.default.removeItem(at: file)
            #expect(places.place(of: "192.0.2.1")?.text == "BE")
            try await PlaceFiles.write(to: file)
            #expect(places.place(of: "192.0.2.1")?.text == "FR")
        }
    }
}
