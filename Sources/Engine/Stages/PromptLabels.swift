import Countersign

/// The server's own words in a prompt.
struct PromptLabels: Sendable {
    let number, location, device, unknown, newBrowser, lastUsed: String
    let network, country: Comparison

    /// What is said of the visitor and the device.
    struct Comparison: Sendable {
        let same, other, unknown: String

        subscript(match: PromptLines.Match) -> String {
            switch match {
            case .same: same
            case .other: other
            case .unknown: unknown
            }
        }
    }

    /// English when none fits.
    static func matching(_ tag: String?) -> PromptLabels {
        languageRanges(tag).lazy.compactMap { all[$0] }.first ?? english
    }

    private static let english = PromptLabels(
        number: "Confirmation number", location: "Location", device: "Device", unknown: "unknown",
        newBrowser: "This browser is new to you", lastUsed: "You last signed in with this browser on",
        network: Comparison(
            same: "The browser is in this device's network",
            other: "The browser is in another network than this device",
            unknown: "Whether the browser is in this device's network is unknown"),
        country: Comparison(
            same: "The browser seems to be in this device's country",
            other: "The browser seems to be in another country than this device",
            unknown: "Whether the browser is in this device's country is unknown"))
    private static let all = [
        "de": PromptLabels(
            number: "Bestätigungsnummer", location: "Ort", device: "Gerät", unknown: "unbekannt",
            newBrowser: "Dieser Browser ist neu für Sie", lastUsed: "Zuletzt mit diesem Browser angemeldet:",
            network: Comparison(
                same: "Der Browser ist im selben Netz wie dieses Gerät",
                other: "Der Browser ist in einem anderen Netz als dieses Gerät",
                unknown: "Ob der Browser im selben Netz wie dieses Gerät ist, ist unbekannt"),
            country: Comparison(
                same: "Der Browser scheint im selben Land wie dieses Gerät zu sein",
                other: "Der Browser scheint in einem anderen Land als dieses Gerät zu sein",
                unknown: "Ob der Browser im selben Land wie dieses Gerät ist, ist unbekannt")),
        "fr": PromptLabels(
            number: "Numéro de confirmation", location: "Lieu", device: "Appareil", unknown: "inconnu",
            newBrowser: "Ce navigateur est nouveau pour vous",
            lastUsed: "Dernière connexion avec ce navigateur :",
            network: Comparison(
                same: "Le navigateur est sur le même réseau que cet appareil",
                other: "Le navigateur est sur un autre réseau que cet appareil",
                unknown: "On ignore si le navigateur est sur le même réseau que cet appareil"),
            country: Comparison(
                same: "Le navigateur semble être dans le même pays que cet appareil",
                other: "Le navigateur semble être dans un autre pays que cet appareil",
                unknown: "On ignore si le navigateur est dans le même pays que cet appareil")),
        "nl": PromptLabels(
            number: "Bevestigingsnummer", location: "Locatie", device: "Apparaat", unknown: "onbekend",
            newBrowser: "Deze browser is nieuw voor u",
            lastUsed: "Voor het laatst met deze browser ingelogd:",
            network: Comparison(
                same: "De browser zit in hetzelfde netwerk als dit apparaat",
                other: "De browser zit in een ander netwerk dan dit apparaat",
                unknown: "Onbekend of de browser in hetzelfde netwerk zit als dit apparaat"),
            country: Comparison(
                same: "De browser lijkt in hetzelfde land te zijn als dit apparaat",
                other: "De browser lijkt in een ander land te zijn dan dit apparaat",
                unknown: "Onbekend of de browser in hetzelfde land is als dit apparaat")),
        "es": PromptLabels(
            number: "Número de confirmación", location: "Lugar", device: "Dispositivo",
            unknown: "desconocido",
            newBrowser: "Este navegador es nuevo para usted",
            lastUsed: "Último inicio de sesión con este navegador:",
            network: Comparison(
                same: "El navegador está en la misma red que este dispositivo",
                other: "El navegador está en otra red que este dispositivo",
                unknown: "No se sabe si el navegador está en la misma red que este dispositivo"),
            country: Comparison(
                same: "El navegador parece estar en el mismo país que este dispositivo",
                other: "El navegador parece estar en otro país que este dispositivo",
                unknown: "No se sabe si el navegador está en el mismo país que este dispositivo")),
        "it": PromptLabels(
            number: "Numero di conferma", location: "Luogo", device: "Dispositivo", unknown: "sconosciuto",
            newBrowser: "Questo browser è nuovo per lei", lastUsed: "Ultimo accesso con questo browser:",
            network: Comparison(
                same: "Il browser è nella stessa rete di questo dispositivo",
                other: "Il browser è in una rete diversa da questo dispositivo",
                unknown: "Non si sa se il browser è nella stessa rete di questo dispositivo"),
            country: Comparison(
                same: "Il browser sembra essere nello stesso paese di questo dispositivo",
                other: "Il browser sembra essere in un paese diverso da questo dispositivo",
                unknown: "Non si sa se il browser è nello stesso paese di questo dispositivo")),
    ]
}
