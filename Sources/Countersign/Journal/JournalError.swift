/// A journal that cannot be used. What the command wanted to change may have been changed already.
package struct JournalError: Error, CustomStringConvertible {
    let file: String
    let doing: String
    let cause: String

    init(file: String, doing: String, _ error: any Error) {
        (self.file, self.doing) = (file, doing)
        cause = systemErrorText(error)
    }

    package var description: String { "the journal \(file) cannot be \(doing): \(cause)" }
}
