import FoundationEssentials

/// The header of a signed token (RFC 7515 section 4).
struct TokenHeader: Decodable {
    let alg: String
    let kid: String?
    let typ: String?
    /// Whether there is a `crit`, whatever stands in it: no extension is known here.
    let hasCritical: Bool

    private enum CodingKeys: String, CodingKey { case alg, kid, typ, crit }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        alg = try fields.decode(String.self, forKey: .alg)
        kid = try fields.decodeIfPresent(String.self, forKey: .kid)
        typ = try fields.decodeIfPresent(String.self, forKey: .typ)
        hasCritical = fields.contains(.crit)
    }

    /// RFC 9068 section 2.1, by the rules of media types.
    var isAccessToken: Bool { ["at+jwt", "application/at+jwt"].contains(typ?.lowercased()) }
    /// As issuers wrote before there was that type.
    var isUntyped: Bool { typ.map { ["jwt", "application/jwt"].contains($0.lowercased()) } ?? true }
}

/// What a token says (RFC 7519 section 4.1, RFC 9068 section 2.2).
struct TokenClaims: Decodable {
    let iss: String
    let aud: [String]
    let sub: String
    /// Seconds since 1970, as the others.
    let exp: Double
    let nbf: Double?
    let iat: Double?
    let scopes: [Substring]
    /// Whether it is bound to a key (RFC 7800), which nobody proves to have here.
    let isBound: Bool

    private enum CodingKeys: String, CodingKey { case iss, aud, sub, exp, nbf, iat, scope, scp, cnf }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        iss = try fields.decode(String.self, forKey: .iss)
        sub = try fields.decode(String.self, forKey: .sub)
        aud = try Self.texts(fields, .aud) ?? []
        exp = try fields.decode(Double.self, forKey: .exp)
        nbf = try fields.decodeIfPresent(Double.self, forKey: .nbf)
        iat = try fields.decodeIfPresent(Double.self, forKey: .iat)
        // RFC 8693 section 4.2; `scp` is what some issuers call it.
        let given = try Self.texts(fields, .scope) ?? Self.texts(fields, .scp) ?? []
        scopes = given.flatMap { $0.utf8.split(separator: UInt8(ascii: " ")).map(Substring.init) }
        isBound = fields.contains(.cnf)
    }

    private static func texts(
        _ fields: KeyedDecodingContainer<CodingKeys>, _ key: CodingKeys
    ) throws -> [String]? {
        guard fields.contains(key) else { return nil }
        if let text = try? fields.decode(String.self, forKey: key) { return [text] }
        return try fields.decode([String].self, forKey: key)
    }
}

/// Why a token is not taken. Told in the log and never to whoever sent it.
enum TokenRefusal: String, Error {
    case tooLong = "longer than 8,192 bytes"
    case malformed = "no signed JWT in strict base64url, or a name stands twice in it"
    case type = "typ is not at+jwt (RFC 9068)"
    case critical = "crit names what is not known here"
    case algorithm = "its alg is not allowed"
    case key = "no key of that kid and alg is known"
    case signature = "the signature is wrong"
    case claims = "a claim is missing or of the wrong type"
    case issuer = "another iss"
    case audience = "another aud"
    case user = "sub has no 1 to 255 characters"
    case expired = "expired"
    case notYet = "nbf lies in the future"
    case issuedLater = "iat lies in the future"
    case lifetime = "it lives longer than allowed"
    case bound = "cnf binds it to a key, which is not proven here"
    case scope = "a required scope is missing"
}
