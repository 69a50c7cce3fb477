// 用 .NET 自带的 HttpClient 调接口。运行（.NET 10 及以上）：dotnet run Tousu.cs http://127.0.0.1:8000 [密钥]
using System.Net;
using System.Text;
using System.Text.Json;

var url = args[0];
var key = args.Length > 1 ? args[1] : "";
var text = "小区电梯困人两次，物业说没钱修";
using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(10) };
Console.WriteLine(await Post("/v1/classify", $$"""{"id": "1", "text": {{Quoted(text)}}}"""));
Console.WriteLine(await Post("/v1/corrections", $$"""{"text": {{Quoted(text)}}, "codes": ["elevator"], "by": "受理科-03"}"""));

static string Quoted(string value) => "\"" + JsonEncodedText.Encode(value) + "\"";

// 发一个请求；正忙或断线就等一等再试，同一个幂等键，更正不会存成两条。
async Task<string> Post(string path, string json)
{
    var once = Guid.NewGuid().ToString();
    for (var attempt = 0; ; attempt++)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, url + path);
        request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        request.Headers.Add("Idempotency-Key", once);
        if (key != "") request.Headers.Add("Authorization", "Bearer " + key);
        try
        {
            using var answer = await http.SendAsync(request);
            var told = await answer.Content.ReadAsStringAsync();
            if (answer.IsSuccessStatusCode) return told;
            var retried = answer.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway
                or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout;
            if (attempt == 5 || !retried) throw new InvalidOperationException($"{(int)answer.StatusCode} {told}");
        }
        catch (HttpRequestException) when (attempt < 5) { }
        await Task.Delay(100 << attempt);
    }
}
