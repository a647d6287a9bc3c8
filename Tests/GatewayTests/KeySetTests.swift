import Countersign
import Crypto
import CryptoExtras
import Foundation
import Support
import Testing

@testable import Gateway

/// Key sets as issuers publish them (RFC 7517).
@Suite struct KeySetTests {
    private let good = P256.Signing.PrivateKey()

    private func member(_ changes: [String: Any] = [:]) -> [String: Any] {
        let point = good.publicKey.rawRepresentation
        return [
            "kty": "EC", "crv": "P-256", "kid": "good", "x": base64URL(point.prefix(32)),
            "y": base64URL(point.suffix(32)),
        ].merging(changes) { $1 }
    }

    private func keys(_ members: [Any]) async throws -> [TokenKey] {
        let set = try JSONSerialization.data(withJSONObject: ["keys": members])
        return try await KeySource.keys([UInt8](set))
    }

    /// RFC 7517 section 5: those that cannot be read are ignored, and so is what is of no use here.
    @Test(arguments: [
        #"{"kty": "RSA", "kid": "r", "n": "*", "e": "AQAB"}"#, #"{"kid": "?"}"#, "null", "7", "[]", #""""#,
        "{}",
        #"{"kty": "AKP", "kid": "a", "alg": "ML-DSA-65", "pub": "AAAA"}"#,
        #"{"kty": "oct", "kid": "o", "k": "AAAA"}"#, #"{"kty": 1}"#, #"{"kty": "RSA"}"#,
        #"{"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA"}"#,
        #"{"kty": "OKP", "crv": "Ed448", "x": "AAAA"}"#, #"{"kty": "OKP", "crv": "X25519", "x": "AAAA"}"#,
        #"{"kty": "EC", "crv": "secp256k1", "x": "AAAA", "y": "AAAA"}"#,
    ])
    func `a member that is of no use spoils no other`(text: String) async throws {
        let strange = try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
        for members in [[strange, member()], [member(), strange]] {
            let found = try await keys(members)
            #expect(found.map(\.name) == ["good"] && found.map { Set($0.algorithms.keys) } == [["ES256"]])
        }
    }

    /// Through the whole gateway: a set that has such a member first still serves its good key.
    @Test(
        .database,
        arguments: [
            #"{"kty": "RSA", "kid": "r", "n": "*", "e": "AQAB"}"#, #"{"kid": "?"}"#, "null",
            #"{"kty": "AKP", "kid": "a", "alg": "ML-DSA-65", "pub": "AAAA"}"#,
            #"{"kty": "EC", "crv": "P-256", "kid": 7, "use": "sig", "alg": "ES256", "x": "<x>", "y": "<y>"}"#,
        ])
    func `a token of the good key is taken`(text: String) async throws {
        let site = try await GatewaySite.make()
        let issuer = try TokenIssuer()
        let point = issuer.key.publicKey.rawRepresentation
        let (x, y) = (base64URL(point.prefix(32)), base64URL(point.suffix(32)))
        let one =
            #"{"kty": "EC", "crv": "P-256", "kid": "one", "use": "sig", "alg": "ES256", "x": "<x>", "y": "<y>"}"#
        let set = "{\"keys\": [\(text), \(one)]}".replacing("<x>", with: x).replacing("<y>", with: y)
        try Data(set.utf8).write(to: issuer.file)
        try await withGateway(site, { $0.tokens = issuer.rules(app: site.app) }) { http in
            let headers = ["Authorization": "Bearer \(try issuer.token())"]
            let answer = try await http.send(request("GET", "/app/v1/enrollments", headers))
            #expect(answer.status == 200)
        }
    }

    @Test(
        arguments: [
            ["kid": 7], ["use": "enc"], ["use": 1], ["key_ops": ["sign"]], ["key_ops": "verify"],
            ["alg": "ES384"],
            ["alg": "RSA-OAEP"], ["d": "AAAA"], ["crv": "P-384"], ["kty": "RSA"], ["kty": "ec"], ["x": 1],
        ] as [[String: any Sendable]])
    func `a key for something else, or with a member of the wrong type`(changes: [String: any Sendable])
        async throws
    {
        await #expect(throws: KeySetError.self) { try await keys([member(changes)]) }
        let found = try await keys([member(changes), member(["kid": "sound"])])
        #expect(found.map(\.name) == ["sound"])
    }

    @Test(
        arguments: [["use": "sig"], ["key_ops": ["verify"]], ["alg": "ES256"], ["x5t": "?"], ["kid": ""]]
            as [[String: any Sendable]])
    func `a key that is for signatures`(changes: [String: any Sendable]) async throws {
        #expect(try await keys([member(changes)]).count == 1)
    }

    @Test(arguments: ["", "[]", "{}", #"{"keys": 7}"#, #"{"keys": {}}"#, #"{"keys": []}"#, "nonsense"])
    func `what is no key set`(text: String) async throws {
        await #expect(throws: KeySetError.self) { try await KeySource.keys(Array(text.utf8)) }
    }

    @Test(arguments: [("Ed25519", ["EdDSA"]), ("EdDSA", ["EdDSA"]), (nil, ["EdDSA"]), ("ES256", [])])
    func `Ed25519 and EdDSA are one`(algorithm: String?, expected: [String]) async throws {
        let key = Curve25519.Signing.PrivateKey().publicKey.rawRepresentation
        var jwk = ["kty": "OKP", "crv": "Ed25519", "x": base64URL(key)]
        jwk["alg"] = algorithm
        let found = try await keys([jwk, member()])
        #expect(found.dropLast().flatMap(\.algorithms.keys) == expected)
    }

    @Test func `an RSA key is for one algorithm when it says so, and must be strong`() async throws {
        let numbers = try _RSA.Signing.PrivateKey(keySize: .bits2048).publicKey.getKeyPrimitives()
        var jwk = ["kty": "RSA", "n": base64URL(numbers.modulus), "e": base64URL(numbers.publicExponent)]
        #expect(try await keys([jwk]).first?.algorithms.count == 6)
        jwk["alg"] = "PS256"
        #expect(try await keys([jwk]).first.map { Array($0.algorithms.keys) } == ["PS256"])
        jwk["n"] = base64URL(numbers.modulus.prefix(128))
        await #expect(throws: KeySetError.self) { try await keys([jwk]) }
        jwk["n"] = base64URL(numbers.modulus + numbers.modulus + numbers.modulus + numbers.modulus + [1])
        await #expect(throws: KeySetError.self) { try await keys([jwk]) }
    }
}

/// What text may stand for bytes.
@Suite struct StrictBase64Tests {
    @Test func `each text of bytes is read`() {
        for count in 0..<40 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 200) }
            #expect(base64URLDecoded(base64URL(bytes).utf8) == bytes)
        }
    }

    @Test(arguments: [
        "A", "AA==", "AA=", "AB", "AAB", "+AAA", "/AAA", "AA A", "AA\nA", "AAAA=", "ÄÄÄ", "AAAAA",
    ])
    func `any other spelling is none`(text: String) {
        #expect(base64URLDecoded(text.utf8) == nil)
    }
}

@Suite struct UniqueNameTests {
    @Test(arguments: [
        "{}", #"{"a": 1, "b": {"a": [1, {"a": null}]}, "c": "\"a\""}"#, #" {"ä": "x", "\u0061": -1.5e3}"#,
        #"{"a": [], "b": {}, "c": [[], {}]}"#,
    ])
    func `an object that names each thing once`(text: String) {
        #expect(isObjectWithUniqueNames(Array(text.utf8)))
    }

    @Test(arguments: [
        #"{"a": 1, "a": 1}"#, #"{"a": 1, "\u0061": 2}"#, #"{"b": {"a": 1, "a": 2}}"#,
        #"{"b": [{"a": 1, "a": 2}]}"#,
        "", "[]", "7", "{", #"{"a"}"#, #"{"a": 1} {}"#, #"{"a": 1,}"#, #"{"a" 1}"#, "\u{FEFF}{}",
        #"{"a": "b"#,
        String(repeating: #"{"a":"#, count: 20) + "1" + String(repeating: "}", count: 20),
    ])
    func `what is none`(text: String) {
        #expect(!isObjectWithUniqueNames(Array(text.utf8)))
    }
}
