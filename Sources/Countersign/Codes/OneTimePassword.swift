/// The long one-time code (OTP): base64url without padding (RFC 4648 section 5) of the 16 bytes of the
/// transaction id and a 32-byte secret, 64 characters. Only `collect_otp` puts it together, inside the
/// database; a worker makes secrets and never sees a whole code.
package enum OneTimePassword {
    /// 256 bits where CIBA Core 1.0 section 7.3 asks for 128 at least and ASVS 11.5.1 for a CSPRNG.
    package static let secretLength = 32

    /// So many, one behind the other.
    package static func makeSecrets(_ count: Int) -> [UInt8] { randomBytes(count * secretLength) }
}
