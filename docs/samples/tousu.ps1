# 用 PowerShell 7 调接口。运行：pwsh tousu.ps1 http://127.0.0.1:8000 [密钥]
param([string]$Url, [string]$Key = '')
$ErrorActionPreference = 'Stop'

# 发一个请求；正忙或断线就等一等再试，同一个幂等键，更正不会存成两条。
function Send-Tousu([string]$Path, [hashtable]$Body) {
    $headers = @{ 'Idempotency-Key' = [guid]::NewGuid().ToString() }
    if ($Key) { $headers['Authorization'] = "Bearer $Key" }
    $content = [Text.Encoding]::UTF8.GetBytes(($Body | ConvertTo-Json -Depth 5))
    for ($attempt = 0; ; $attempt++) {
        $status = 0
        try {
            $answer = Invoke-WebRequest -Uri "$Url$Path" -Method Post -Headers $headers -Body $content `
                -ContentType 'application/json' -TimeoutSec 10 -SkipHttpErrorCheck
            $status = [int]$answer.StatusCode
            if ($status -lt 300) { return $answer.Content }
        } catch [System.Net.Http.HttpRequestException] { }
        if ($attempt -eq 5 -or $status -notin 0, 429, 502, 503, 504) { throw "$status $($answer.Content)" }
        Start-Sleep -Milliseconds (100 * [math]::Pow(2, $attempt))
    }
}

$text = '小区电梯困人两次，物业说没钱修'
Send-Tousu '/v1/classify' @{ id = '1'; text = $text }
Send-Tousu '/v1/corrections' @{ text = $text; codes = @('elevator'); by = '受理科-03' }
