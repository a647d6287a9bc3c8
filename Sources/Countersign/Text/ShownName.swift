import CUnicodeSecurity

/// A name that people must not take for another: Unicode Technical Standard 39, by ICU, whose tables Debian keeps up to
/// date with Unicode. (Foundation has ICU, too, but exports no way to it.)
package enum ShownName {
    /// What is wrong with it, as the end of a sentence; nil when it is sound.
    ///
    /// It is as restrictive as "highly restrictive" of section 5.2: one script, or Latin with those that Chinese, Japanese
    /// and Korean are written in; and digits of one kind, and no mark twice.
    package static func fault(in name: String) -> String? {
        guard name.unicodeScalars.allSatisfy(\.isSeen) else {
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

    /// What all names have in common that look alike, whatever their case (section 4). Shown to nobody.
    package static func skeleton(of name: String) -> String {
        // I, l and 1 have one skeleton, which i has not, though it is the small I.
        prototype(of: prototype(of: name).lowercased().replacing("i", with: "l"))
    }

    /// What ICU's tables make of a text.
    private static func prototype(of text: String) -> String {
        let length = Int32(clamping: text.utf8.count)
        // A character becomes a few at most; 18 is the longest of the tables.
        var room = [CChar](repeating: 0, count: 72 * Int(length) + 1)
        let used = unsafe name_skeleton(text, length, &room, Int32(clamping: room.count))
        guard used >= 0 else { return text }
        return String(decoding: room.prefix(Int(used)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension Unicode.Scalar {
    /// Neither a control nor a formatting character, nor the end of a line, nor nobody's.
    package var isSeen: Bool {
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned:
            false
        default: true
        }
    }
}
