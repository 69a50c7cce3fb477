// 用 Java 17 自带的 HttpClient 调接口，不用别的库。运行：java Tousu.java http://127.0.0.1:8000 [密钥]
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Set;
import java.util.UUID;

public class Tousu {
    static final HttpClient HTTP = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
    static final Set<Integer> RETRIED = Set.of(429, 502, 503, 504);

    public static void main(String[] args) throws Exception {
        String url = args[0];
        String key = args.length > 1 ? args[1] : "";
        System.out.println(post(url + "/v1/classify", key, "{\"id\":\"1\",\"text\":\"小区电梯困人两次，物业说没钱修\"}"));
        System.out.println(post(url + "/v1/corrections", key,
            "{\"text\":\"小区电梯困人两次，物业说没钱修\",\"codes\":[\"elevator\"],\"by\":\"受理科-03\"}"));
    }

    /** 发一个请求；正忙或断线就等一等再试，同一个幂等键，更正不会存成两条。 */
    static String post(String address, String key, String json) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(address))
            .timeout(Duration.ofSeconds(10))
            .header("Content-Type", "application/json")
            .header("Idempotency-Key", UUID.randomUUID().toString())
            .POST(BodyPublishers.ofString(json));
        if (!key.isEmpty()) request.header("Authorization", "Bearer " + key);
        for (int attempt = 0; ; attempt++) {
            try {
                HttpResponse<String> answer = HTTP.send(request.build(), BodyHandlers.ofString());
                if (answer.statusCode() < 300) return answer.body();
                if (attempt == 5 || !RETRIED.contains(answer.statusCode()))
                    throw new IllegalStateException(answer.statusCode() + " " + answer.body());
            } catch (java.io.IOException noAnswer) {
                if (attempt == 5) throw noAnswer;
            }
            Thread.sleep(100L << attempt);
        }
    }
}
