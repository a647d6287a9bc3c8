import Countersign
import OpenPGP
import Postgres

extension SubmissionText {
    /// What was signed instead of these lines, where it is one of the usual mistakes. Found by the first two bytes of
    /// the hash that a signature carries, so that it costs no work with a key.
    func difference(signedBy signature: String) -> String {
        let mistakes = mistakes
        guard let found = OpenPGPContext.text(of: signature, among: mistakes.map { Array($0.text.utf8) })
        else {
            return
                "the signature is one of another text than the seven lines here, of \(bytes.count) bytes with the "
                + "SHA-256 \(Self.digest(of: lines)): line 2 is \(action.rawValue), line 3 is \(transactionID), "
                + "line 5 is \(enrollmentID), line 6 is \(signedAt), line 7 is \(promptDigest ?? Self.noPrompt)"
        }
        return "the signature is one of another text: \(mistakes[found].words)"
    }

    private typealias Mistake = (text: String, words: String)

    private var mistakes: [Mistake] {
        let lines = lines.split(separator: "\n").map(String.init)
        let others = otherLines.map { number, other in
            var changed = lines
            changed[number - 1] = other
            let here = number == 4 ? "in lower case" : lines[number - 1]
            return (
                changed.joined(separator: "\n") + "\n", "line \(number) is \(here), and was signed otherwise"
            )
        }
        return others + [
            (lines.joined(separator: "\n"), "the last line has no line feed"),
            (lines.joined(separator: "\r\n") + "\r\n", "its lines end in carriage return and line feed"),
            (lines.joined(separator: "\r\n"), "its lines end in carriage return and line feed"),
            (lines.joined(separator: "\n") + "\n\n", "there is an empty line at its end"),
        ]
    }

    /// How apps have written a line wrongly, by its number.
    private var otherLines: [(number: Int, text: String)] {
        let prompt = promptDigest ?? Self.noPrompt
        let time = String(signedAt.dropLast())
        return SubmissionAction.allCases.filter { $0 != action }.map { (2, $0.rawValue) }
            + [action.rawValue.uppercased()].map { (2, $0) }
            + [transactionID.description.uppercased(), transactionID.description.replacing("-", with: "")]
            .map { (3, $0) }
            + [(4, hexadecimal(secretDigest).uppercased())]
            + [enrollmentID.description.uppercased(), enrollmentID.description.replacing("-", with: "")]
            .map { (5, $0) }
            + [time, time + "+00:00", time + ".000Z", time.replacing("T", with: " ") + "Z"].map { (6, $0) }
            + [Self.noPrompt, "", prompt.uppercased()].filter { $0 != prompt }.map { (7, $0) }
    }
}
