/// What a user agent says of the browser and the system that it is, by what each of them writes into it. What is in no
/// table is unknown. Whoever sends one can send another's: it helps who reads the prompt, and decides nothing.
package enum Visitor {
    /// The first that fits: apps that show pages before the browser that they do it with, and browsers before those that
    /// they say they are like.
    package static func browser(_ userAgent: String) -> String? { first(of: browsers, in: userAgent) }

    package static func system(_ userAgent: String) -> String? { first(of: systems, in: userAgent) }

    private static let browsers = marks([
        ("Googlebot", "Googlebot"), ("bingbot/", "Bingbot"), ("HeadlessChrome/", "headless Chrome"),
        ("curl/", "curl"), ("Wget/", "Wget"), ("python-requests/", "Python"), ("okhttp/", "OkHttp"),
        ("[FBAN", "Facebook"), ("FBAN/", "Facebook"), ("FBAV/", "Facebook"), ("FB_IAB", "Facebook"),
        ("Instagram ", "Instagram"), ("LinkedInApp", "LinkedIn"), ("Snapchat/", "Snapchat"),
        ("musical_ly", "TikTok"), ("BytedanceWebview", "TikTok"), ("MicroMessenger/", "WeChat"),
        (" Line/", "LINE"), ("GSA/", "Google app"), ("; wv)", "an Android app"),
        ("EdgA/", "Edge"), ("EdgiOS/", "Edge"), ("Edg/", "Edge"), ("Edge/", "Edge"), ("OPR/", "Opera"),
        ("OPT/", "Opera"), ("OPiOS/", "Opera"), ("SamsungBrowser/", "Samsung Internet"),
        ("Vivaldi/", "Vivaldi"), ("YaBrowser/", "Yandex"), ("DuckDuckGo/", "DuckDuckGo"),
        ("Ddg/", "DuckDuckGo"),
        ("UCBrowser/", "UC Browser"), ("HuaweiBrowser/", "Huawei Browser"), ("MiuiBrowser/", "Mi Browser"),
        ("Silk/", "Silk"), ("Focus/", "Firefox Focus"), ("Klar/", "Firefox Klar"), ("FxiOS/", "Firefox"),
        ("Firefox/", "Firefox"), ("CriOS/", "Chrome"), ("Chromium/", "Chromium"), ("Chrome/", "Chrome"),
        ("Trident/", "Internet Explorer"), ("MSIE ", "Internet Explorer"), ("Safari/", "Safari"),
    ])

    private static let systems = marks([
        ("iPhone", "iPhone"), ("iPad", "iPad"), ("iPod", "iPod"), ("OpenHarmony", "HarmonyOS"),
        ("HarmonyOS", "HarmonyOS"), ("Android", "Android"), ("KAIOS/", "KaiOS"), ("Tizen", "Tizen"),
        ("CrOS ", "ChromeOS"), ("Windows NT", "Windows"), ("Macintosh", "Mac"), ("Mac OS X", "Mac"),
        ("FreeBSD", "FreeBSD"), ("X11; Linux", "Linux"), ("Ubuntu", "Linux"), ("Linux x86_64", "Linux"),
        ("Linux aarch64", "Linux"),
    ])

    private struct Mark: Sendable {
        let bytes: [UInt8]
        let name: String
    }

    private static func marks(_ table: [(String, String)]) -> [Mark] {
        table.map { Mark(bytes: Array($0.utf8), name: $1) }
    }

    /// By bytes: a prompt is made for each scan.
    private static func first(of marks: [Mark], in text: String) -> String? {
        let bytes = Array(text.utf8)
        return marks.first { mark in
            guard bytes.count >= mark.bytes.count else { return false }
            return (0...bytes.count - mark.bytes.count).contains { start in
                bytes[start] == mark.bytes[0] && bytes[start...].starts(with: mark.bytes)
            }
        }?.name
    }
}
