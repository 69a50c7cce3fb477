// 用 Node.js 18 及以上自带的 fetch 调接口；浏览器里同样可用。运行：node tousu.mjs http://127.0.0.1:8000 [密钥]
import { randomUUID } from "node:crypto";

const RETRIED = new Set([429, 502, 503, 504]);
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// 发一个请求；正忙或断线就等一等再试，同一个幂等键，更正不会存成两条。
async function post(address, key, body) {
  const headers = { "Content-Type": "application/json", "Idempotency-Key": randomUUID() };
  if (key) headers.Authorization = `Bearer ${key}`;
  for (let attempt = 0; ; attempt++) {
    try {
      const answer = await fetch(address, {
        method: "POST", headers, body: JSON.stringify(body), signal: AbortSignal.timeout(10_000),
      });
      if (answer.ok) return await answer.json();
      if (attempt === 5 || !RETRIED.has(answer.status)) throw new Error(`${answer.status} ${await answer.text()}`);
    } catch (error) {
      if (attempt === 5 || !["TypeError", "TimeoutError"].includes(error.name)) throw error;
    }
    await pause(100 * 2 ** attempt);
  }
}

const [url, key] = process.argv.slice(2);
const text = "小区电梯困人两次，物业说没钱修";
console.log(JSON.stringify(await post(`${url}/v1/classify`, key, { id: "1", text })));
console.log(JSON.stringify(await post(`${url}/v1/corrections`, key, { text, codes: ["elevator"], by: "受理科-03" })));
