import Crnp

/// librnp's functions, without `rnp_` before their names. Only where `loadedLibrary` is a success.
let rnp: rnp_functions = {
    guard case .success(let functions) = loadedLibrary else { preconditionFailure("librnp is missing") }
    return functions
}()

let loadedLibrary: Result<rnp_functions, OpenPGPError> = {
    var fault: UnsafePointer<CChar>?
    guard let functions = unsafe rnp_load(&fault) else {
        return unsafe .failure(
            .missingLibrary(fault.map { unsafe String(cString: $0) } ?? "for no reason told"))
    }
    return unsafe .success(functions.pointee)
}()
