/// Whether two texts are the same bytes. `==` takes texts for equal that Unicode calls equivalent (U+212A is a K), which
/// no name is that somebody else compares by bytes.
package func haveSameBytes(_ first: some StringProtocol, _ second: some StringProtocol) -> Bool {
    first.utf8.elementsEqual(second.utf8)
}
