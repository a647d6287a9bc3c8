import NIOSSL

/// Seconds since 1970 until which every certificate of a PEM file is good; nil when it has none.
package func certificateEnd(_ path: String) throws -> Int64? {
    try NIOSSLCertificate.fromPEMFile(path).map { Int64($0.notValidAfter) }.min()
}
