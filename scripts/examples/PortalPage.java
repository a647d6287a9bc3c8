// A whole portal with the drop-in sign-in page, on the HTTP server that Java has.
//
// usage: CREDENTIALS=client:secret java scripts/examples/PortalPage.java GATEWAY CALLBACK_URI [PORT]
//
// GATEWAY is where visitors' browsers reach `countersign serve`, such as https://sign-in.example. The page's own origin
// must be one of the portal's: `countersign origin add`. Sessions are kept in memory; a real portal has TLS, marks its
// cookie Secure, and reads JSON with a library.
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.regex.Pattern;

public class PortalPage {
    /** The sign-ins that a visitor has begun, and who is signed in. */
    record Session(String id, List<String> begun, String user) {}

    static final Map<String, Session> sessions = new ConcurrentHashMap<>();
    static final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    static final SecureRandom random = new SecureRandom();
    static final String basic = "Basic "
        + Base64.getEncoder().encodeToString(System.getenv("CREDENTIALS").getBytes(StandardCharsets.UTF_8));
    static String gateway, callback, policy, signIn;

    public static void main(String[] arguments) throws IOException {
        gateway = arguments[0];
        callback = arguments[1];
        policy = "default-src 'none'; script-src %1$s; style-src %1$s; connect-src 'self' %1$s; form-action 'self'; base-uri 'none'; frame-ancestors 'none'".formatted(gateway);
        signIn = """
            <!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Acme</title>
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <div data-countersign data-start="/sign-in/start" data-finish="/sign-in/finish"></div>
            <script src="%s/widget/v1/countersign.js" defer></script></html>""".formatted(gateway);
        int port = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 0;
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
        server.setExecutor(Executors.newCachedThreadPool());
        server.createContext("/", PortalPage::answer);
        server.start();
        System.out.println("listening on http://127.0.0.1:" + server.getAddress().getPort());
    }

    static void answer(HttpExchange exchange) throws IOException {
        String request = exchange.getRequestMethod() + " " + exchange.getRequestURI().getPath();
        String site = exchange.getRequestHeaders().getFirst("Sec-Fetch-Site");
        // No other site's page may post here in a visitor's name.
        boolean isOwn = site == null || site.equals("same-origin") || request.startsWith("GET ");
        try {
            switch (isOwn ? request : "") {
                case "GET /" -> show(exchange);
                case "POST /sign-in/start" -> start(exchange);
                case "POST /sign-in/finish" -> finish(exchange);
                default -> send(exchange, 404, "text/plain", "");
            }
        } catch (InterruptedException | IllegalStateException error) {
            send(exchange, 502, "text/plain", "");
        }
    }

    static void show(HttpExchange exchange) throws IOException {
        Session session = sessionOf(exchange);
        String page = session == null || session.user() == null ? signIn
            : "<!DOCTYPE html><title>Acme</title><h1>Signed in as " + escaped(session.user()) + "</h1>";
        send(exchange, 200, "text/html; charset=utf-8", page);
    }

    static void start(HttpExchange exchange) throws IOException, InterruptedException {
        String agent = exchange.getRequestHeaders().getFirst("User-Agent");
        String started = ask("user", "type=qr-code&callback_uri=" + encoded(callback) + "&ip_address="
            + exchange.getRemoteAddress().getAddress().getHostAddress() + "&user_agent="
            + encoded(agent == null ? "" : agent) + "&browser_id=" + browserOf(exchange));
        Session session = sessionOf(exchange);
        if (session == null) session = newSession(exchange, null);
        // The code that is shown, the one before it, and other tabs.
        if (session.begun().size() > 7) session.begun().remove(0);
        session.begun().add(field(started, "transaction_id"));
        send(exchange, 200, "application/json", "{\"transaction_id\":\"%s\",\"browser_token\":\"%s\"}".formatted(
            field(started, "transaction_id"), field(started, "browser_token")));
    }

    static void finish(HttpExchange exchange) throws IOException, InterruptedException {
        String form = new String(exchange.getRequestBody().readNBytes(65536), StandardCharsets.UTF_8);
        String transaction = "";
        for (String pair : form.split("&")) {
            if (pair.startsWith("transaction_id=")) {
                transaction = URLDecoder.decode(pair.substring(15), StandardCharsets.UTF_8);
            }
        }
        Session session = sessionOf(exchange);
        // No page is believed: the session has begun it, and the gateway says who it is.
        if (session != null && session.begun().contains(transaction)) {
            String result = ask("transaction/" + transaction, null);
            if (result.contains("\"is_authenticated\":true")) {
                sessions.remove(session.id());
                newSession(exchange, field(result, "user_id")); // under another id than before
            }
        }
        exchange.getResponseHeaders().set("Location", "/");
        send(exchange, 303, "text/plain", "");
    }

    /** The gateway's answer to this portal. */
    static String ask(String path, String form) throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(URI.create(gateway + "/oauth/api/v4/authenticate/" + path))
            .header("Authorization", basic);
        if (form != null) {
            request.header("Content-Type", "application/x-www-form-urlencoded")
                .POST(HttpRequest.BodyPublishers.ofString(form));
        }
        var answer = client.send(request.build(), BodyHandlers.ofString());
        if (answer.statusCode() != 200) throw new IllegalStateException("the gateway answered " + answer.statusCode());
        return answer.body();
    }

    static String field(String json, String name) {
        var found = Pattern.compile("\"" + name + "\":\"([^\"\\\\]*)\"").matcher(json);
        if (!found.find()) throw new IllegalStateException("the gateway's answer lacks " + name);
        return found.group(1);
    }

    static Session sessionOf(HttpExchange exchange) {
        String id = cookieOf(exchange, "session");
        return id == null ? null : sessions.get(id);
    }

    static Session newSession(HttpExchange exchange, String user) {
        Session session = new Session(giveCookie(exchange, "session", ""), new CopyOnWriteArrayList<>(), user);
        sessions.put(session.id(), session);
        return session;
    }

    /** What the browser is known by for 400 days: the phone tells its user whether it is new. */
    static String browserOf(HttpExchange exchange) {
        String id = cookieOf(exchange, "browser");
        return id == null ? giveCookie(exchange, "browser", "; Max-Age=34560000") : id;
    }

    static String cookieOf(HttpExchange exchange, String name) {
        String cookies = exchange.getRequestHeaders().getFirst("Cookie");
        var found = Pattern.compile("(?:^|; )" + name + "=([\\w-]+)").matcher(cookies == null ? "" : cookies);
        return found.find() ? found.group(1) : null;
    }

    static String giveCookie(HttpExchange exchange, String name, String life) {
        byte[] bytes = new byte[16];
        random.nextBytes(bytes);
        String value = Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
        exchange.getResponseHeaders().add("Set-Cookie", name + "=" + value + "; Path=/; HttpOnly; SameSite=Lax" + life);
        return value;
    }

    static void send(HttpExchange exchange, int status, String kind, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", kind);
        exchange.getResponseHeaders().set("Content-Security-Policy", policy);
        exchange.getResponseHeaders().set("Cache-Control", "no-store");
        exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    static String encoded(String text) { return URLEncoder.encode(text, StandardCharsets.UTF_8); }

    static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\"", "&quot;");
    }
}
