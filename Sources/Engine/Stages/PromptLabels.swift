import Countersign

/// The server's own words in a prompt.
struct PromptLabels: Sendable {
    let number, location, device, unknown, newBrowser, lastUsed, sameNetwork, otherNetwork,
        unknownNetwork, sameCountry, otherCountry, unknownCountry: String

    func words(ofNetwork network: PromptLines.Match) -> String {
        switch network {
        case .same: sameNetwork
        case .other: otherNetwork
        case .unknown: unknownNetwork
        }
    }

    func words(ofCountry country: PromptLines.Match) -> String {
        switch country {
        case .same: sameCountry
        case .other: otherCountry
        case .unknown: unknownCountry
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
        unknownNetwork: "Whether the browser is in this device's network is unknown",
        sameCountry: "The browser seems to be in this device's country",
        otherCountry: "The browser seems to be in another country than this device",
        unknownCountry: "Whether the browser is in this device's country is unknown")
    private static let all = [
        "de": PromptLabels(
            number: "Bestätigungsnummer", location: "Ort", device: "Gerät", unknown: "unbekannt",
            newBrowser: "Dieser Browser ist neu für Sie", lastUsed: "Zuletzt mit diesem Browser angemeldet:",
            sameNetwork: "Der Browser ist im selben Netz wie dieses Gerät",
            otherNetwork: "Der Browser ist in einem anderen Netz als dieses Gerät",
            unknownNetwork: "Ob der Browser im selben Netz wie dieses Gerät ist, ist unbekannt",
            sameCountry: "Der Browser scheint im selben Land wie dieses Gerät zu sein",
            otherCountry: "Der Browser scheint in einem anderen Land als dieses Gerät zu sein",
            unknownCountry: "Ob der Browser im selben Land wie dieses Gerät ist, ist unbekannt"),
        "fr": PromptLabels(
            number: "Numéro de confirmation", location: "Lieu", device: "Appareil", unknown: "inconnu",
            newBrowser: "Ce navigateur est nouveau pour vous",
            lastUsed: "Dernière connexion avec ce navigateur :",
            sameNetwork: "Le navigateur est sur le même réseau que cet appareil",
            otherNetwork: "Le navigateur est sur un autre réseau que cet appareil",
            unknownNetwork: "On ignore si le navigateur est sur le même réseau que cet appareil",
            sameCountry: "Le navigateur semble être dans le même pays que cet appareil",
            otherCountry: "Le navigateur semble être dans un autre pays que cet appareil",
            unknownCountry: "On ignore si le navigateur est dans le même pays que cet appareil"),
        "nl": PromptLabels(
            number: "Bevestigingsnummer", location: "Locatie", device: "Apparaat", unknown: "onbekend",
            newBrowser: "Deze browser is nieuw voor u",
            lastUsed: "Voor het laatst met deze browser ingelogd:",
            sameNetwork: "De browser zit in hetzelfde netwerk als dit apparaat",
            otherNetwork: "De browser zit in een ander netwerk dan dit apparaat",
            unknownNetwork: "Onbekend of de browser in hetzelfde netwerk zit als dit apparaat",
            sameCountry: "De browser lijkt in hetzelfde land te zijn als dit apparaat",
            otherCountry: "De browser lijkt in een ander land te zijn dan dit apparaat",
            unknownCountry: "Onbekend of de browser in hetzelfde land is als dit apparaat"),
        "es": PromptLabels(
            number: "Número de confirmación", location: "Lugar", device: "Dispositivo",
            unknown: "desconocido",
            newBrowser: "Este navegador es nuevo para usted",
            lastUsed: "Último inicio de sesión con este navegador:",
            sameNetwork: "El navegador está en la misma red que este dispositivo",
            otherNetwork: "El navegador está en otra red que este dispositivo",
            unknownNetwork: "No se sabe si el navegador está en la misma red que este dispositivo",
            sameCountry: "El navegador parece estar en el mismo país que este dispositivo",
            otherCountry: "El navegador parece estar en otro país que este dispositivo",
            unknownCountry: "No se sabe si el navegador está en el mismo país que este dispositivo"),
        "it": PromptLabels(
            number: "Numero di conferma", location: "Luogo", device: "Dispositivo", unknown: "sconosciuto",
            newBrowser: "Questo browser è nuovo per lei", lastUsed: "Ultimo accesso con questo browser:",
            sameNetwork: "Il browser è nella stessa rete di questo dispositivo",
            otherNetwork: "Il browser è in una rete diversa da questo dispositivo",
            unknownNetwork: "Non si sa se il browser è nella stessa rete di questo dispositivo",
            sameCountry: "Il browser sembra essere nello stesso paese di questo dispositivo",
            otherCountry: "Il browser sembra essere in un paese diverso da questo dispositivo",
            unknownCountry: "Non si sa se il browser è nello stesso paese di questo dispositivo"),
    ]
}
