import Crnp
import Glibc

/// Keeps librnp from writing to standard error.
///
/// As Debian builds it, librnp prints a line for whatever it does not like, some of it copied from the input,
/// and no setting turns that off: anybody who sends a bad key could write into our log. So `stderr` becomes a
/// stream that passes on all but what a thread writes while it is within librnp. Other threads are not held up,
/// and no Swift runs there, so that the message of a crash is never lost.
enum QuietLibrary {
    /// For one call of librnp.
    static func during(_ call: () -> rnp_result_t) -> rnp_result_t {
        _ = installed
        unsafe pthread_setspecific(isWithin, UnsafeRawPointer(bitPattern: 1))
        defer { pthread_setspecific(isWithin, nil) }
        return call()
    }

    private static let isWithin: pthread_key_t = {
        var key = pthread_key_t()
        let code = unsafe pthread_key_create(&key, nil)
        precondition(code == 0, "no thread-specific key is left")
        return key
    }()

    private static let installed: Void = {
        var functions = cookie_io_functions_t()
        unsafe functions.write = { _, bytes, count in
            guard unsafe pthread_getspecific(isWithin) == nil else { return count }
            return unsafe max(0, write(STDERR_FILENO, bytes, count))
        }
        guard let stream = unsafe fopencookie(nil, "w", functions) else { return }
        unsafe setvbuf(stream, nil, _IONBF, 0)
        unsafe replace_stderr(stream)
    }()
}
