import Foundation
import Glibc

/// What the system says of an error of a file: `No such file or directory`. An error that is none of the system's says
/// itself what it is.
package func systemErrorText(_ error: any Error) -> String {
    let cause = (error as? CocoaError)?.underlying ?? error
    let number: Int32? =
        if let error = cause as? POSIXError {
            error.code.rawValue
        } else if let error = cause as? NSError, error.domain == NSPOSIXErrorDomain {
            Int32(error.code)
        } else {
            nil
        }
    if let number { return unsafe String(cString: strerror(number)) }
    return error is CocoaError ? error.localizedDescription : "\(error)"
}
