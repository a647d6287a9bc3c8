import Glibc

/// A file that is read from its beginning to its end, in blocks. What has no end, a pipe or a device, is none.
package final class InputFile {
    private let descriptor: Int32

    package init?(path: String) {
        // Without O_NONBLOCK opening a pipe waits for somebody who writes.
        descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        if descriptor < 0 { return nil }
        var status = stat()
        if unsafe fstat(descriptor, &status) != 0 || status.st_mode & S_IFMT != S_IFREG { return nil }
    }

    /// Why it cannot be read, as what follows the name of the file; nil when nothing stands in the way.
    package static func fault(path: String) -> String? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return unsafe String(cString: strerror(errno)) }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return unsafe access(path, R_OK) == 0 ? nil : String(cString: strerror(errno))
        case S_IFDIR: return "it is a directory"
        default: return "it is no regular file, but a pipe, a socket or a device"
        }
    }

    /// Empty at the end; nil when it cannot be read.
    package func read() -> [UInt8]? {
        var block = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe Glibc.read(descriptor, &block, block.count)
        return count < 0 ? nil : Array(block[..<count])
    }

    deinit { close(descriptor) }
}
