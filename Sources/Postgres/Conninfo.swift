import Clibpq
import Glibc

/// Reads a URL or a keyword list as libpq does, and takes what it leaves open from `environment`. Nil when
/// libpq refuses it; its complaint is dropped, for it quotes the text, and a password may be in there.
func parseConninfo(_ text: String, environment: [String: String]) -> [String: String]? {
    guard !text.utf8.contains(0) else { return nil }
    var complaint: UnsafeMutablePointer<CChar>?
    let parsed = unsafe PQconninfoParse(text, &complaint)
    unsafe PQfreemem(complaint)
    guard let options = unsafe parsed else { return nil }
    return unsafe take(options) { environment[$0] }
}

/// What libpq makes of the keywords: with the service file that they or PGSERVICE name, the environment, and its own
/// defaults. Connects to nothing. Nil when there is no such service.
func resolveConninfo(_ keywords: [String: String]) -> [String: String]? {
    // libpq looks at this value after it has put all together, and before it looks for a host.
    let refused = keywords.merging(["channel_binding": "nothing of the kind"]) { $1 }
    guard let connection = unsafe withKeywords(refused, { unsafe PQconnectStartParams($0, $1, 0) }) else {
        return nil
    }
    defer { unsafe PQfinish(connection) }
    guard let options = unsafe PQconninfo(connection) else { return nil }
    let resolved = unsafe take(options) { _ in nil }
    // Without this default it was given up before that.
    return resolved["sslmode"] == nil ? nil : resolved
}

/// Lends keywords, which, unlike a connection string, need no quoting, as libpq takes them. It copies them.
func withKeywords<T>(
    _ keywords: [String: String],
    _ body: (UnsafePointer<UnsafePointer<CChar>?>, UnsafePointer<UnsafePointer<CChar>?>) -> T
) -> T {
    let words = keywords.flatMap { [$0.key, $0.value] }
    let copies = unsafe words.map { unsafe strdup($0) }
    defer { unsafe copies.forEach { unsafe free($0) } }
    let pointers = unsafe copies.map { unsafe UnsafePointer($0) }
    let names = unsafe stride(from: 0, to: pointers.count, by: 2).map { unsafe pointers[$0] } + [nil]
    let values = unsafe stride(from: 1, to: pointers.count, by: 2).map { unsafe pointers[$0] } + [nil]
    return unsafe body(names, values)
}

/// Reads the list, and frees it. `other` is asked for what has no value, by the name of the variable.
private func take(
    _ options: UnsafeMutablePointer<PQconninfoOption>, _ other: (String) -> String?
) -> [String: String] {
    defer { unsafe PQconninfoFree(options) }
    var keywords: [String: String] = [:]
    var option = unsafe options
    while let keyword = unsafe option.pointee.keyword {
        let value = unsafe option.pointee.val.map { unsafe String(cString: $0) }
        let variable = unsafe option.pointee.envvar.map { unsafe String(cString: $0) }
        unsafe keywords[String(cString: keyword)] = value ?? variable.flatMap { other($0) }
        unsafe option += 1
    }
    return keywords.filter { !$0.value.isEmpty }
}
