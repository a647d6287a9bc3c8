extension QRCode {
    /// Modules on a side, with the quiet zone.
    package var side: Int { size + 2 * Self.quietZone }

    /// The dark modules as one path of SVG, the quiet zone left around them.
    package var path: String {
        var path = ""
        for row in 0..<size {
            var column = 0
            while column < size {
                let start = column
                while isDark(column, row) { column += 1 }
                if column > start {
                    let (left, top) = (start + Self.quietZone, row + Self.quietZone)
                    path += "M\(left) \(top)h\(column - start)v1H\(left)z"
                }
                column += 1
            }
        }
        return path
    }

    /// As an SVG image that scales to any size: one path, dark on white whatever the page's colours are.
    package var svg: String {
        """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(side) \(side)" shape-rendering="crispEdges">\
        <rect width="\(side)" height="\(side)" fill="#fff"/><path fill="#000" d="\(path)"/></svg>

        """
    }

    /// For a terminal: two modules above each other are one character. The colours are set, black on white, so
    /// that it can be read on dark terminals, too.
    package var terminal: String {
        lines(of: ["\u{2588}", "\u{2580}", "\u{2584}", " "]).map { "\u{1B}[30;107m\($0)\u{1B}[0m" }
            .joined(separator: "\n")
    }

    /// The same without colours: white is what is drawn, as most terminals are dark. Readers take the opposite, too.
    package var plainTerminal: String {
        lines(of: [" ", "\u{2584}", "\u{2580}", "\u{2588}"]).joined(separator: "\n")
    }

    /// `signs` stand for both modules dark, the upper one, the lower one, none.
    private func lines(of signs: [String]) -> [String] {
        let range = -Self.quietZone..<size + Self.quietZone
        return stride(from: range.lowerBound, to: range.upperBound, by: 2).map { row in
            range.map { column in
                signs[(isDark(column, row) ? 0 : 2) + (isDark(column, row + 1) ? 0 : 1)]
            }.joined()
        }
    }
}
