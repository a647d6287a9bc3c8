import Crnp
import Glibc

/// What must hold for the librnp that is loaded, found out once per process.
package enum LibraryCheck {
    static let ready: Result<Void, OpenPGPError> = Result { () throws(OpenPGPError) in
        _ = try loadedLibrary.get()
        try checkVersion(rnp.version())
        try SelfTest.run()
    }

    /// Refuses 0.18.0, whose session keys have no randomness (CVE-2025-13470, CVE-2025-13402).
    ///
    /// `version` is in librnp's form: major, minor and patch of 10 bits each, from bit 20 down.
    package static func checkVersion(_ version: UInt32) throws(OpenPGPError) {
        let parts = (rnp.version_major(version), rnp.version_minor(version), rnp.version_patch(version))
        guard parts != (0, 18, 0) else { throw .unsafeLibrary(version: "0.18.0") }
    }
}
