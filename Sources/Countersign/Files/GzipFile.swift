import Czlib
import Glibc

/// Lines that are written into a new file in the form of gzip (RFC 1952).
@safe package struct GzipWriter: ~Copyable {
    private let path: String
    private var file: gzFile?

    /// What was there is gone.
    package init(path: String) throws(GzipError) {
        self.path = path
        unsafe file = gzopen(path, "wb6")
        guard unsafe file != nil else { throw GzipError(path: path) }
    }

    /// With an end of line.
    package mutating func write(_ line: String) throws(GzipError) {
        let bytes = Array((line + "\n").utf8)
        guard unsafe gzwrite(file, bytes, UInt32(bytes.count)) == Int32(bytes.count) else {
            throw GzipError(path: path)
        }
    }

    /// Ends when all of it is on the disk.
    package mutating func close() throws(GzipError) {
        guard let open = unsafe file else { return }
        unsafe file = nil
        guard unsafe gzclose(open) == Z_OK else { throw GzipError(path: path) }
        try synchronize(path: path)
    }

    deinit { if let file = unsafe file { _ = unsafe gzclose(file) } }
}

/// The lines of such a file.
@safe package struct GzipReader: ~Copyable {
    private let path: String
    private let file: gzFile
    private var buffer: [UInt8] = []
    private var start = 0
    private var isAtEnd = false

    package init(path: String) throws(GzipError) {
        self.path = path
        guard let file = unsafe gzopen(path, "rb") else { throw GzipError(path: path) }
        unsafe self.file = file
    }

    /// Without its end; nil at the end of the file. Throws when the file is cut short or damaged.
    package mutating func next() throws(GzipError) -> [UInt8]? {
        while true {
            if let end = buffer[start...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { start = end + 1 }
                return Array(buffer[start..<end])
            }
            guard !isAtEnd else { return nil }
            try fill()
        }
    }

    private mutating func fill() throws(GzipError) {
        buffer.removeFirst(start)
        start = 0
        var block = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe gzread(file, &block, UInt32(block.count))
        guard count >= 0 else { throw GzipError(path: path) }
        buffer += block[..<Int(count)]
        guard count == 0 else { return }
        isAtEnd = true
        var code = Z_OK
        _ = unsafe gzerror(file, &code)
        guard code == Z_OK, buffer.isEmpty else { throw GzipError(path: path) }
    }

    deinit { _ = unsafe gzclose(file) }
}

/// The file cannot be written, or not be read.
package struct GzipError: Error, Sendable, CustomStringConvertible {
    let path: String

    package var description: String { "\(path) cannot be written, or is no whole gzip file" }
}

/// Ends when what the file or the folder has is on the disk.
package func synchronize(path: String) throws(GzipError) {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw GzipError(path: path) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw GzipError(path: path) }
}

/// What had the new name is gone.
package func rename(path: String, to name: String) throws(GzipError) {
    guard unsafe Glibc.rename(path, name) == 0 else { throw GzipError(path: name) }
}
