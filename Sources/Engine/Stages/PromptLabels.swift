/// The server's own words in a prompt.
struct PromptLabels: Sendable {
    let number, location, device, unknown, newBrowser, lastUsed: String

    /// By RFC 4647 section 3.4 (look-up): the tag, then the tag without its last part, and so on; English when none fits.
    static func matching(_ tag: String?) -> PromptLabels {
        var range = (tag ?? "").lowercased().replacing("_", with: "-")[...]
        while !range.isEmpty {
            if let found = all[String(range)] { return found }
            range = range.lastIndex(of: "-").map { range[..<$0] } ?? ""
        }
        return english
    }

    private static let english = PromptLabels(
        number: "Confirmation number", location: "Location", device: "Device", unknown: "unknown",
        newBrowser: "This browser is new to you", lastUsed: "You last signed in with this browser on")
    private static let all = [
        "de": PromptLabels(
            number: "Bestätigungsnummer", location: "Ort", device: "Gerät", unknown: "unbekannt",
            newBrowser: "Dieser Browser ist neu für Sie", lastUsed: "Zuletzt mit diesem Browser angemeldet:"),
        "fr": PromptLabels(
            number: "Numéro de confirmation", location: "Lieu", device: "Appareil", unknown: "inconnu",
            newBrowser: "Ce navigateur est nouveau pour vous",
            lastUsed: "Dernière connexion avec ce navigateur :"),
        "nl": PromptLabels(
            number: "Bevestigingsnummer", location: "Locatie", device: "Apparaat", unknown: "onbekend",
            newBrowser: "Deze browser is nieuw voor u", lastUsed: "Voor het laatst met deze browser ingelogd:"
        ),
        "es": PromptLabels(
            number: "Número de confirmación", location: "Lugar", device: "Dispositivo",
            unknown: "desconocido",
            newBrowser: "Este navegador es nuevo para usted",
            lastUsed: "Último inicio de sesión con este navegador:"),
        "it": PromptLabels(
            number: "Numero di conferma", location: "Luogo", device: "Dispositivo", unknown: "sconosciuto",
            newBrowser: "Questo browser è nuovo per lei", lastUsed: "Ultimo accesso con questo browser:"),
    ]
}
