// 用 Go 标准库调接口。运行：go run tousu.go http://127.0.0.1:8000 [密钥]
package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

var client = &http.Client{Timeout: 10 * time.Second}

// post 发一个请求；正忙或断线就等一等再试，同一个幂等键，更正不会存成两条。
func post(address, key string, body any) (string, error) {
	content, err := json.Marshal(body)
	if err != nil {
		return "", err
	}
	once := make([]byte, 16)
	if _, err := rand.Read(once); err != nil {
		return "", err
	}
	for attempt := 0; ; attempt++ {
		request, err := http.NewRequest(http.MethodPost, address, bytes.NewReader(content))
		if err != nil {
			return "", err
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Idempotency-Key", fmt.Sprintf("%x", once))
		if key != "" {
			request.Header.Set("Authorization", "Bearer "+key)
		}
		answer, err := client.Do(request)
		if err == nil {
			told, broken := io.ReadAll(answer.Body)
			answer.Body.Close()
			if broken == nil && answer.StatusCode < 300 {
				return string(told), nil
			}
			err = fmt.Errorf("%d %s", answer.StatusCode, told)
			switch answer.StatusCode {
			case 429, 502, 503, 504:
			default:
				if broken == nil {
					return "", err
				}
			}
		}
		if attempt == 5 {
			return "", err
		}
		time.Sleep(100 * time.Millisecond << attempt)
	}
}

func main() {
	url, key := os.Args[1], ""
	if len(os.Args) > 2 {
		key = os.Args[2]
	}
	text := "小区电梯困人两次，物业说没钱修"
	for path, body := range map[string]any{
		"/v1/classify":    map[string]any{"id": "1", "text": text},
		"/v1/corrections": map[string]any{"text": text, "codes": []string{"elevator"}, "by": "受理科-03"},
	} {
		told, err := post(url+path, key, body)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(told)
	}
}
