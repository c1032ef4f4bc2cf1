package load

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// Logs returns n bytes of JSON lines as a service writes them, the same ones each time.
func Logs(n int) []byte {
	r := rand.New(rand.NewPCG(7, 11))
	var b bytes.Buffer
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	paths := []string{"/api/v1/users", "/api/v1/orders", "/api/v1/items/search", "/healthz", "/metrics", "/login"}
	methods := []string{"GET", "GET", "GET", "POST", "PUT", "DELETE"}
	agents := []string{"curl/8.5.0", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Go-http-client/2.0", "kube-probe/1.30"}
	words := strings.Fields("connection reset by peer while reading upstream response timeout exceeded retrying request cache miss for key evicting entry slow query detected")
	for b.Len() < n {
		at = at.Add(time.Duration(r.ExpFloat64() * 3e6))
		fmt.Fprintf(&b, `{"time":"%s","level":"%s","service":"%s-%d","msg":"`, at.Format("2006-01-02T15:04:05.000000Z"), []string{"info", "info", "info", "debug", "warn", "error"}[r.IntN(6)], []string{"gateway", "billing", "search"}[r.IntN(3)], r.IntN(4))
		if r.IntN(4) == 0 {
			for range 3 + r.IntN(8) {
				b.WriteString(words[r.IntN(len(words))])
				b.WriteByte(' ')
			}
		} else {
			b.WriteString("request handled")
		}
		fmt.Fprintf(&b, `","method":"%s","path":"%s/%d","status":%d,"bytes":%d,"duration_ms":%.3f,"remote":"10.%d.%d.%d:%d","trace_id":"%016x%016x","user_agent":"%s"}`+"\n",
			methods[r.IntN(len(methods))], paths[r.IntN(len(paths))], r.IntN(5000), []int{200, 200, 200, 201, 204, 404, 500}[r.IntN(7)], r.IntN(100000), r.ExpFloat64()*40, r.IntN(4), r.IntN(256), r.IntN(256), 1024+r.IntN(60000), r.Uint64(), r.Uint64(), agents[min(r.IntN(4), r.IntN(4))])
	}
	return b.Bytes()
}
