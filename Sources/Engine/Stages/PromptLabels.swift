import Countersign

/// The server's own words in a prompt.
struct PromptLabels: Sendable {
    let number, location, device, unknown, newBrowser, lastUsed, sameNetwork, otherNetwork,
        unknownNetwork: String

    func words(_ network: PromptLines.NetworkMatch) -> String {
        switch network {
        case .same: sameNetwork
        case .other: otherNetwork
        case .unknown: unknownNetwork
        }
    }

    /// English when none fits.
    static func matching(_ tag: String?) -> PromptLabels {
        languageRanges(tag).lazy.compactMap { all[$0] }.first ?? english
    }

    private static let english = PromptLabels(
        number: "Confirmation number", location: "Location", device: "Device", unknown: "unknown",
        newBrowser: "This browser is new to you", lastUsed: "You last signed in with this browser on",
        sameNetwork: "The browser is in this device's network",
        otherNetwork: "The browser is in another network than this device",
        unknownNetwork: "Whether the browser is in this device's network is unknown")
    private static let all = [
        "de": PromptLabels(
            number: "Bestätigungsnummer", location: "Ort", device: "Gerät", unknown: "unbekannt",
            newBrowser: "Dieser Browser ist neu für Sie", lastUsed: "Zuletzt mit diesem Browser angemeldet:",
            sameNetwork: "Der Browser ist im selben Netz wie dieses Gerät",
            otherNetwork: "Der Browser ist in einem anderen Netz als dieses Gerät",
            unknownNetwork: "Ob der Browser im selben Netz wie dieses Gerät ist, ist unbekannt"),
        "fr": PromptLabels(
            number: "Numéro de confirmation", location: "Lieu", device: "Appareil", unknown: "inconnu",
            newBrowser: "Ce navigateur est nouveau pour vous",
            lastUsed: "Dernière connexion avec ce navigateur :",
            sameNetwork: "Le navigateur est sur le même réseau que cet appareil",
            otherNetwork: "Le navigateur est sur un autre réseau que cet appareil",
            unknownNetwork: "On ignore si le navigateur est sur le même réseau que cet appareil"),
        "nl": PromptLabels(
            number: "Bevestigingsnummer", location: "Locatie", device: "Apparaat", unknown: "onbekend",
            newBrowser: "Deze browser is nieuw voor u",
            lastUsed: "Voor het laatst met deze browser ingelogd:",
            sameNetwork: "De browser zit in hetzelfde netwerk als dit apparaat",
            otherNetwork: "De browser zit in een ander netwerk dan dit apparaat",
            unknownNetwork: "Onbekend of de browser in hetzelfde netwerk zit als dit apparaat"),
        "es": PromptLabels(
            number: "Número de confirmación", location: "Lugar", device: "Dispositivo",
            unknown: "desconocido",
            newBrowser: "Este navegador es nuevo para usted",
            lastUsed: "Último inicio de sesión con este navegador:",
            sameNetwork: "El navegador está en la misma red que este dispositivo",
            otherNetwork: "El navegador está en otra red que este dispositivo",
            unknownNetwork: "No se sabe si el navegador está en la misma red que este dispositivo"),
        "it": PromptLabels(
            number: "Numero di conferma", location: "Luogo", device: "Dispositivo", unknown: "sconosciuto",
            newBrowser: "Questo browser è nuovo per lei", lastUsed: "Ultimo accesso con questo browser:",
            sameNetwork: "Il browser è nella stessa rete di questo dispositivo",
            otherNetwork: "Il browser è in una rete diversa da questo dispositivo",
            unknownNetwork: "Non si sa se il browser è nella stessa rete di questo dispositivo"),
    ]
}
