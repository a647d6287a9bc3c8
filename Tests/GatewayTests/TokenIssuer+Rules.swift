import Gateway
import Support

extension TokenIssuer {
    func rules(app: String) -> TokenRules {
        var rules = TokenRules(keys: file, issuer: Self.issuer, audience: Self.audience, app: app)
        rules.refreshInterval = .zero
        return rules
    }
}
