package inspect_test

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/inspect"
)

// Ten thousand streams at once are looked at, and cost a bounded amount of
// memory each; what a browser gets of them is bounded too (R37).
func TestR37_TenThousandStreamsCostLittleEachAndAreShownInPart(t *testing.T) {
	streams := 10_000
	if underRace {
		streams = 1000
	}
	s := serve(t, &inspect.Server{Registry: new(inspect.Registry)})
	r := s.Registry
	conns := make([]*duplex.Conn, streams)
	for i := range conns {
		a, _ := duplex.Pair()
		conns[i] = duplex.NewConn(a)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i, c := range conns {
		c.Observe(r, fmt.Sprintf("listen:tcp://127.0.0.1:%d,fork", i))
	}
	began := time.Now()
	r.Sample(began)
	sampled := time.Since(began)
	runtime.GC()
	runtime.ReadMemStats(&after)
	each := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) / int64(streams)
	if each > 2<<10 && !underRace {
		t.Errorf("a stream costs %d bytes", each)
	}
	began = time.Now()
	text, err := json.Marshal(r.View(inspect.Query{Sort: inspect.ByRate, Text: "tcp"}))
	if err != nil {
		t.Fatal(err)
	}
	viewed := time.Since(began)
	if len(text) > 150<<10 {
		t.Errorf("a view has %d bytes", len(text))
	}
	began = time.Now()
	all, _ := io.ReadAll(s.ask(t, "/streams?limit=15000", nil).Body)
	answered := time.Since(began)
	var v inspect.View
	if err := json.Unmarshal(all, &v); err != nil || len(v.Rows) != streams || v.Matched != streams {
		t.Errorf("%d rows of %d, %v", len(v.Rows), v.Matched, err)
	}
	t.Logf("%d bytes a stream; %v to look at all, %v and %d bytes for a view of the first, %v for all over HTTP",
		each, sampled, viewed, len(text), answered)
	for _, c := range conns {
		_ = c.Close()
	}
	if v := r.View(inspect.Query{}); v.Totals.Live != 0 || v.Totals.Opened != int64(streams) {
		t.Errorf("at the end: %+v", v.Totals)
	}
}
