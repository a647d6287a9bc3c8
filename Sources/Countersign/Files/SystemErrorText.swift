import Foundation
import Glibc

/// What the system says of an error of a file: `No such file or directory`. An error that is none of the system's says
/// itself what it is.
package func systemErrorText(_ error: any Error) -> String {
    let cause = ((error as? CocoaError)?.underlying ?? error) as NSError
    if cause.domain == NSPOSIXErrorDomain { return unsafe String(cString: strerror(Int32(cause.code))) }
    return error is CocoaError ? error.localizedDescription : "\(error)"
}
