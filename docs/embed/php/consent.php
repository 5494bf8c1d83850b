<?php
/**
 * Plugin Name: Consent
 * What this visitor allows: closed in any doubt, and the page never waits long or fails.
 */

function consent_allows(string ...$purposes): bool
{
    static $kept = false;
    if (!$kept && !headers_sent()) { // no shared cache, and no Back button, may show a tag again
        $kept = true;
        header('Cache-Control: private, no-store');
        header('Vary: Cookie', false);
    }
    $held = consent_standing($_SESSION['consent'] ?? '');
    return $purposes && !array_filter($purposes, fn($name) => ($held[$name]['allowed'] ?? false) !== true);
}

/** What holds for somebody now, asked once a request; by its entity tag where it is known. */
function consent_standing(string $subject): array
{
    static $held = [];
    if ($subject === '' || ($_SESSION['consent_rest'] ?? 0) > time()) {
        return [];
    }
    return $held[$subject] ??= (function () use ($subject) {
        [$tag, $known] = $_SESSION['consent_known'] ?? ['', []];
        [$status, $said, $headers] = consent_call('GET', 'subjects/' . rawurlencode($subject) . '/standing', null, ["If-None-Match: $tag"]);
        if ($status === 304) {
            return $known;
        }
        $_SESSION['consent_rest'] = $status === 200 ? 0 : time() + 1;
        $purposes = $status === 200 && is_array($said['purposes'] ?? null) ? $said['purposes'] : [];
        $_SESSION['consent_known'] = [$headers['etag'] ?? '', $purposes];
        return $purposes;
    })();
}

/** Lead to the question; from there people come back to consent_back(). */
function consent_ask(): never
{
    $_SESSION['consent_state'] ??= bin2hex(random_bytes(16)); // one for all tabs of a session
    $asked = http_build_query(['return' => 'done', 'state' => $_SESSION['consent_state']]);
    header('Location: ' . CONSENT['origin'] . '/consent/' . CONSENT['site'] . "?$asked", true, 302);
    exit;
}

/** Fetch what was answered, and remember whose answer it is. */
function consent_back(): never
{
    $state = $_SESSION['consent_state'] ?? '';
    [$sent, $code] = [$_GET['state'] ?? '', $_GET['code'] ?? ''];
    if ($state !== '' && is_string($sent) && hash_equals($state, $sent)) {
        // An answer we cannot fetch may be a no: what held before is over.
        unset($_SESSION['consent'], $_SESSION['consent_known']);
        [$status, $said] = consent_call('POST', 'return-codes', ['code' => $code, 'name' => 'done', 'state' => $state]);
        $subject = $said['receipt']['pii_principal_id'] ?? null;
        if ($status === 200 && is_string($subject)) {
            $_SESSION['consent'] = $subject;
        }
    }
    header('Location: /', true, 302);
    exit;
}

/** Status, body and headers of an answer; 0 where none came in time. */
function consent_call(string $method, string $path, ?array $body = null, array $headers = []): array
{
    $ends = microtime(true) + 0.5; // for all of it: PHP's own timeouts begin anew with every byte
    [$scheme, , $host] = explode('/', CONSENT['origin']);
    [$kind, $port] = $scheme === 'https:' ? ['tls', 443] : ['tcp', 80];
    $stream = @stream_socket_client("$kind://$host" . (preg_match('~:\d+$~', $host) ? '' : ":$port"), timeout: 0.5);
    $content = $body === null ? '' : json_encode($body);
    $head = ["$method /v1/sites/" . CONSENT['site'] . "/$path HTTP/1.0", "Host: $host", 'Content-Type: application/json'];
    $head = [...$head, 'Content-Length: ' . strlen($content), 'Authorization: Bearer ' . CONSENT['key'], ...$headers];
    $stream && @fwrite($stream, implode("\r\n", $head) . "\r\n\r\n$content");
    $said = '';
    while ($stream && !feof($stream) && ($left = $ends - microtime(true)) > 0 && strlen($said) <= 1 << 20) {
        stream_set_timeout($stream, 0, (int) ($left * 1e6));
        $said .= @fread($stream, 8192);
    }
    [$head, $text] = explode("\r\n\r\n", $said, 2) + [1 => ''];
    if (!$stream || !feof($stream) || !preg_match('~^HTTP/\S+ (\d{3})~', $head, $status)) {
        return [0, [], []];
    }
    foreach (array_slice(explode("\r\n", $head), 1) as $line) {
        [$name, $value] = explode(':', $line, 2) + [1 => ''];
        $fields[strtolower($name)] = trim($value);
    }
    $json = json_decode($text, true);
    return [(int) $status[1], is_array($json) ? $json : [], $fields ?? []];
}

if (function_exists('add_action')) {
    add_action('init', function () {
        session_status() === PHP_SESSION_ACTIVE || session_start();
        match (parse_url($_SERVER['REQUEST_URI'] ?? '', PHP_URL_PATH)) {
            '/consent' => consent_ask(),
            '/consent/back' => consent_back(),
            default => null,
        };
    });
    add_shortcode('consented', function ($given, $content = '') {
        return consent_allows(...preg_split('/[\s,]+/', trim($given['purposes'] ?? ''))) ? $content : '';
    });
}
