import Cmaxminddb
import Countersign
import Glibc

/// Why a file of places is of no use. The text is for an operator.
package enum PlaceFileError: Error, CustomStringConvertible {
    case unreadable(path: String, reason: String)
    /// It holds something else, as who a network belongs to.
    case otherContent(path: String, type: String)

    package var description: String {
        switch self {
        case .unreadable(let path, let reason):
            "\(path) is not a readable MaxMind DB file: \(reason)"
        case .otherContent(let path, let type):
            "\(path) holds \(type); a file of cities or countries is needed, as GeoLite2-City or GeoLite2-Country"
        }
    }
}

/// A file in the MaxMind DB format (https://maxmind.github.io/MaxMind-DB/), version 2, mapped into memory. Whoever
/// replaces it puts another file in its place; one that is written over is torn.
///
/// `@unchecked Sendable`: nobody writes to it between opening and closing, and the library reads it from any thread.
@safe final class PlaceFile: @unchecked Sendable {
    private let file: UnsafeMutablePointer<MMDB_s>
    /// What the file calls the languages that it has names in, by their tags in lower case.
    private let languages: [String: String]

    init(_ path: String) throws(PlaceFileError) {
        unsafe file = .allocate(capacity: 1)
        let status = unsafe MMDB_open(path, UInt32(MMDB_MODE_MMAP), file)
        guard status == MMDB_SUCCESS else {
            unsafe file.deallocate()
            throw .unreadable(path: path, reason: unsafe String(cString: MMDB_strerror(status)))
        }
        let metadata = unsafe file.pointee.metadata
        let names = unsafe (0..<metadata.languages.count).compactMap {
            unsafe metadata.languages.names[$0].map { unsafe String(cString: $0) }
        }
        languages = Dictionary(names.map { ($0.lowercased(), $0) }, uniquingKeysWith: { $1 })
        let type = unsafe String(cString: metadata.database_type)
        guard ["City", "Country", "Enterprise"].contains(where: { type.contains($0) }) else {
            throw .otherContent(path: path, type: type)
        }
    }

    deinit {
        unsafe MMDB_close(file)
        unsafe file.deallocate()
    }

    /// Nil when the file does not say, or the text is no address. `tag` is the language of names, as `nl-be`; English
    /// where the file has none that fits.
    func place(of address: String, language tag: String?) -> Place? {
        // Not every file knows IPv4 within IPv6.
        guard let address = IPAddress(address)?.unmapped else { return nil }
        var (textError, fileError) = (Int32(0), Int32(0))
        let result = unsafe MMDB_lookup_string(file, address.description, &textError, &fileError)
        guard textError == 0, fileError == MMDB_SUCCESS, unsafe result.found_entry else { return nil }
        var entry = unsafe result.entry
        let fitting = languageRanges(tag).compactMap { languages[$0] } + ["en"]
        func name(_ path: [String]) -> String? {
            for language in fitting {
                if let text = unsafe Self.text(path + ["names", language], &entry) { return text }
            }
            return nil
        }
        return unsafe Place(
            countryCode: Self.text(["country", "iso_code"], &entry), region: name(["subdivisions", "0"]),
            city: name(["city"]))
    }

    /// At most 100 scalars, none that cannot be seen: a line of a prompt must stay one.
    private static func text(_ path: [String], _ entry: inout MMDB_entry_s) -> String? {
        let words = unsafe path.map { unsafe strdup($0) }
        defer { unsafe words.forEach { unsafe free($0) } }
        let pointers: [UnsafePointer<CChar>?] = unsafe words.map { unsafe UnsafePointer($0) } + [nil]
        var size: UInt32 = 0
        guard let start = unsafe countersign_maxminddb_text(&entry, pointers, &size) else { return nil }
        let bytes = unsafe UnsafeRawBufferPointer(start: start, count: Int(size))
        let text = unsafe String(decoding: bytes, as: UTF8.self)
        let seen = text.unicodeScalars.filter { !$0.isUnprintable }.prefix(100)
        return seen.isEmpty ? nil : String(String.UnicodeScalarView(seen))
    }
}
