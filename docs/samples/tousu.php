<?php
// 用 PHP 8 自带的 HTTP 流调接口，不用 curl 扩展。运行：php tousu.php http://127.0.0.1:8000 [密钥]
const RETRIED = [0, 429, 502, 503, 504];

// 发一个请求；正忙或断线就等一等再试，同一个幂等键，更正不会存成两条。
function post(string $address, string $key, array $body): array
{
    $headers = ['Content-Type: application/json', 'Idempotency-Key: ' . bin2hex(random_bytes(16)), 'Connection: close'];
    if ($key !== '') {
        $headers[] = "Authorization: Bearer $key";
    }
    $context = stream_context_create(['http' => [
        'method' => 'POST', 'header' => $headers, 'timeout' => 10, 'ignore_errors' => true, 'protocol_version' => 1.1,
        'content' => json_encode($body, JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR),
    ]]);
    for ($attempt = 0; ; $attempt++) {
        $http_response_header = [];
        $told = @file_get_contents($address, false, $context);
        $status = (int) (explode(' ', $http_response_header[0] ?? '')[1] ?? 0);
        if ($told !== false && $status >= 200 && $status < 300) {
            return json_decode($told, true, flags: JSON_THROW_ON_ERROR);
        }
        if ($attempt === 5 || !in_array($status, RETRIED, true)) {
            throw new RuntimeException("$status $told");
        }
        usleep(100_000 * 2 ** $attempt);
    }
}

$url = $argv[1];
$key = $argv[2] ?? '';
$text = '小区电梯困人两次，物业说没钱修';
$tagging = post("$url/v1/classify", $key, ['id' => '1', 'text' => $text]);
$correction = post("$url/v1/corrections", $key, ['text' => $text, 'codes' => ['elevator'], 'by' => '受理科-03']);
echo json_encode($tagging, JSON_UNESCAPED_UNICODE), "\n", json_encode($correction, JSON_UNESCAPED_UNICODE), "\n";
