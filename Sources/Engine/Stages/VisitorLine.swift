/// An operator's line on the visitor: text with `[operatingSystem]`, `[browser]`, `[countryCode]`, `[region]` and `[city]`.
/// What is unknown is dropped with the text before it, the first of them with the text after it, and brackets ( ) with
/// nothing known in them are dropped whole.
package struct VisitorLine: Sendable {
    package enum Name: String, Sendable, CaseIterable {
        case operatingSystem, browser, countryCode, region, city
    }

    private indirect enum Piece: Sendable {
        case text(String)
        case name(Name)
        case bracket([Piece])
    }

    private let pieces: [Piece]

    /// The database has checked it: what is no placeholder is text here.
    package init(_ template: String) {
        var rest = template.unicodeScalars[...]
        pieces = Self.pieces(&rest, inBrackets: false)
    }

    private static func pieces(_ rest: inout Substring.UnicodeScalarView, inBrackets: Bool) -> [Piece] {
        var pieces: [Piece] = []
        var text = String.UnicodeScalarView()
        func endText() {
            if !text.isEmpty { pieces.append(.text(String(text))) }
            text = .init()
        }
        while let scalar = rest.first {
            if scalar == ")", inBrackets { break }
            rest.removeFirst()
            if scalar == "[", let end = rest.firstIndex(of: "]"),
                let name = Name(rawValue: String(rest[..<end]))
            {
                endText()
                pieces.append(.name(name))
                rest = rest[rest.index(after: end)...]
            } else if scalar == "(", !inBrackets {
                endText()
                pieces.append(.bracket(Self.pieces(&rest, inBrackets: true)))
                if !rest.isEmpty { rest.removeFirst() }
            } else {
                text.append(scalar)
            }
        }
        endText()
        return pieces
    }

    /// Nil when nothing of it is known.
    package func text(_ values: [Name: String]) -> String? { Self.text(pieces, values) }

    private static func text(_ pieces: [Piece], _ values: [Name: String]) -> String? {
        var (kept, before) = ("", "")
        var (isFirst, isKnown) = (true, false)
        for piece in pieces {
            let known: String?
            switch piece {
            case .text(let text):
                before = text
                continue
            case .name(let name): known = values[name]
            case .bracket(let inner): known = text(inner, values).map { "(\($0))" }
            }
            // What stands before the first placeholder belongs to the line and not to it.
            if isFirst { kept = before }
            if let known {
                kept += (isFirst || !isKnown ? "" : before) + known
                isKnown = true
            }
            (isFirst, before) = (false, "")
        }
        return isKnown ? kept + before : nil
    }
}
