<?php
// A whole portal with the drop-in sign-in page, in PHP without a framework.
//
// usage: CREDENTIALS=client:secret php scripts/examples/portal-page.php GATEWAY CALLBACK_URI [PORT]
//
// GATEWAY is where visitors' browsers reach `countersign serve`, such as https://sign-in.example. The page's own origin
// must be one of the portal's: `countersign origin add`. From the command line it starts PHP's own web server with itself,
// which says where it listens; under another server GATEWAY, CALLBACK_URI and CREDENTIALS stand in the environment. A real
// portal has TLS and marks its cookie Secure.
declare(strict_types=1);

if (PHP_SAPI === 'cli') {
    $socket = stream_socket_server('tcp://127.0.0.1:' . ($argv[3] ?? 0));
    $address = stream_socket_get_name($socket, false);
    fclose($socket);
    pcntl_exec(PHP_BINARY, ['-S', $address, __FILE__], ['GATEWAY' => $argv[1], 'CALLBACK_URI' => $argv[2]] + getenv());
}

ini_set('display_errors', '0'); // they are for the log
$gateway = rtrim(getenv('GATEWAY'), '/');

/** The gateway's answer to this portal. */
function ask(string $path, ?array $form = null): array
{
    global $gateway;
    $options = ['header' => 'Authorization: Basic ' . base64_encode(getenv('CREDENTIALS')), 'timeout' => 15];
    if ($form !== null) {
        $options['method'] = 'POST';
        $options['header'] .= "\r\nContent-Type: application/x-www-form-urlencoded";
        $options['content'] = http_build_query($form);
    }
    $context = stream_context_create(['http' => $options]);
    $answer = file_get_contents("$gateway/oauth/api/v4/authenticate/$path", false, $context);
    if ($answer === false) {
        http_response_code(502);
        exit;
    }
    return json_decode($answer, true, flags: JSON_THROW_ON_ERROR);
}

function start(): void
{
    $started = ask('user', [
        'type' => 'qr-code', 'callback_uri' => getenv('CALLBACK_URI'), 'ip_address' => $_SERVER['REMOTE_ADDR'],
        'user_agent' => $_SERVER['HTTP_USER_AGENT'] ?? '', 'browser_id' => browser(),
    ]);
    // The code that is shown, the one before it, and other tabs.
    $_SESSION['begun'] = [...array_slice($_SESSION['begun'] ?? [], -7), $started['transaction_id']];
    header('Content-Type: application/json');
    echo json_encode(['transaction_id' => $started['transaction_id'], 'browser_token' => $started['browser_token']]);
}

/** What the browser is known by for 400 days: the phone tells its user whether it is new. */
function browser(): string
{
    if (isset($_COOKIE['browser'])) {
        return $_COOKIE['browser'];
    }
    $id = bin2hex(random_bytes(16));
    $life = ['expires' => time() + 400 * 86400, 'path' => '/', 'httponly' => true, 'samesite' => 'Lax'];
    setcookie('browser', $id, $life);
    return $id;
}

function finish(string $transaction): void
{
    // No page is believed: the session has begun it, and the gateway says who it is.
    if (in_array($transaction, $_SESSION['begun'] ?? [], true)) {
        $result = ask('transaction/' . $transaction);
        if ($result['is_authenticated']) {
            session_regenerate_id(true); // under another id than before
            $_SESSION = ['user' => $result['user_id']];
        }
    }
    header('Location: /', true, 303);
}

function show(): void
{
    global $gateway;
    if (isset($_SESSION['user'])) {
        echo '<!DOCTYPE html><title>Acme</title><h1>Signed in as ', htmlspecialchars($_SESSION['user']), '</h1>';
        return;
    }
    echo <<<HTML
        <!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Acme</title>
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <div data-countersign data-start="/sign-in/start" data-finish="/sign-in/finish"></div>
        <script src="$gateway/widget/v1/countersign.js" defer></script></html>
        HTML;
}

session_start([
    'name' => 'session', 'cookie_httponly' => true, 'cookie_samesite' => 'Lax', 'use_strict_mode' => true,
    'cache_limiter' => '',
]);
header("Content-Security-Policy: default-src 'none'; script-src $gateway; style-src $gateway; "
    . "connect-src 'self' $gateway; form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
header('Cache-Control: no-store');
$request = $_SERVER['REQUEST_METHOD'] . ' ' . parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
// No other site's page may post here in a visitor's name.
$isOwn = ($_SERVER['HTTP_SEC_FETCH_SITE'] ?? 'same-origin') === 'same-origin';
match (true) {
    $request === 'GET /' => show(),
    $request === 'POST /sign-in/start' && $isOwn => start(),
    $request === 'POST /sign-in/finish' && $isOwn => finish($_POST['transaction_id'] ?? ''),
    default => http_response_code(404),
};
