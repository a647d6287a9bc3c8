import Clibpq

/// Reads a URL or a keyword list as libpq does, and takes what it leaves open from `environment`. Nil when
/// libpq refuses it; its complaint is dropped, for it quotes the text, and a password may be in there.
func parseConninfo(_ text: String, environment: [String: String]) -> [String: String]? {
    guard !text.utf8.contains(0) else { return nil }
    var complaint: UnsafeMutablePointer<CChar>?
    let parsed = unsafe PQconninfoParse(text, &complaint)
    unsafe PQfreemem(complaint)
    guard let options = unsafe parsed else { return nil }
    defer { unsafe PQconninfoFree(options) }

    var keywords: [String: String] = [:]
    var option = unsafe options
    while let keyword = unsafe option.pointee.keyword {
        let value = unsafe option.pointee.val.map { unsafe String(cString: $0) }
        let variable = unsafe option.pointee.envvar.map { unsafe String(cString: $0) }
        unsafe keywords[String(cString: keyword)] = value ?? variable.flatMap { environment[$0] }
        unsafe option += 1
    }
    return keywords.filter { !$0.value.isEmpty }
}
