import CUnicodeSecurity

/// A name that people must not take for another: Unicode Technical Standard 39, by ICU, whose tables Debian keeps up to
/// date with Unicode. (Foundation has ICU, too, but exports no way to it.)
package enum ShownName {
    /// What is wrong with it, as the end of a sentence; nil when it is sound.
    ///
    /// It is as restrictive as "highly restrictive" of section 5.2: one script, or Latin with those that Chinese, Japanese
    /// and Korean are written in; and digits of one kind, and no mark twice.
    package static func fault(in name: String) -> String? {
        guard name.unicodeScalars.allSatisfy(isSeen) else {
            return "holds a character that cannot be seen or moves others"
        }
        return switch unsafe check_name(name, Int32(clamping: name.utf8.count)) {
        case name_is_sound: nil
        case name_mixes_scripts: "mixes scripts, so that it can be made to look like another; write it in one"
        case name_hides_marks: "holds the same mark twice, of which one is seen"
        case name_mixes_digits: "mixes digits of several scripts"
        default: "cannot be checked"
        }
    }

    /// A name needs none of the invisible characters that texts may hold.
    private static func isSeen(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned:
            false
        default: true
        }
    }

    /// What all names have in common that look alike, whatever their case (section 4). Shown to nobody.
    package static func skeleton(of name: String) -> String {
        // Some letters look like others in one case only, as I like l: once as it is, and once in small letters.
        raw(of: raw(of: name).lowercased())
    }

    private static func raw(of name: String) -> String {
        let length = Int32(clamping: name.utf8.count)
        // A character becomes a few at most; 18 is the longest of the tables.
        var room = [CChar](repeating: 0, count: 72 * Int(length) + 1)
        let used = unsafe name_skeleton(name, length, &room, Int32(clamping: room.count))
        guard used >= 0 else { return name }
        return String(decoding: room.prefix(Int(used)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
