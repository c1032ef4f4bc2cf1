package inspect_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/inspect"
)

// hostile is what a peer could say: script tags, control sequences and what
// breaks lines, drawn by seed.
func hostile(random *rand.Rand) string {
	nasty := []string{"<script>window.pwned=1</script>", `"><img src=x onerror=window.pwned=1>`, "\x1b]0;title\a", "\x1b]52;c;aGk=\x1b\\", "\x1b[2J", "\x1b[31m",
		"\x9b31m", "\u009b31m", "\u0085", "\u2028", "\u202e", "\x00", "\x7f", "\b\b", "\r", "\n", "\t", "\xff", "plain", "日本"}
	var text strings.Builder
	for range 1 + random.IntN(8) {
		text.WriteString(nasty[random.IntN(len(nasty))])
	}
	return text.String()
}

// What peers say comes to the page as text: as JSON without a raw control
// character, a tag or anything that turns text around, and with none once it is
// decoded, newlines and tabs apart (R58). The browser's part is in
// inspect/browser.
func TestR58_ThePageGetsNothingOfWhatPeersSay(t *testing.T) {
	random := rand.New(rand.NewPCG(58, 58))
	r := new(inspect.Registry)
	for range 1000 {
		said := hostile(random)
		a, _ := duplex.Pair()
		c := duplex.NewConn(a)
		c.Observe(r, said)
		_ = c.Abort(errors.New(said))
		r.Failed(errors.New(hostile(random)))
		if random.IntN(10) > 0 {
			continue
		}
		text, err := json.Marshal(r.View(inspect.Query{State: inspect.Closed, Limit: 50, ID: uint64(1 + random.IntN(20))}))
		if err != nil {
			t.Fatal(err)
		}
		harmless(t, text)
	}
	s := serve(t, &inspect.Server{Registry: r})
	for _, path := range []string{"/streams?state=closed&limit=1000", "/metrics"} {
		answer := s.ask(t, path, nil)
		text, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatal(answer.Status, err)
		}
		if path == "/metrics" {
			if bytes.ContainsFunc(bytes.ReplaceAll(text, []byte("\n"), nil), unicode.IsControl) {
				t.Error("the metrics have control characters")
			}
			continue
		}
		harmless(t, bytes.TrimSpace(text))
	}
	if n := len(r.ViewAt(inspect.Query{State: inspect.Closed, Limit: 1000}, time.Now()).Rows); n != inspect.KeptClosed {
		t.Errorf("%d rows were looked at, want %d", n, inspect.KeptClosed)
	}
}

// harmless checks JSON that goes to a page.
func harmless(t *testing.T, text []byte) {
	t.Helper()
	if i := bytes.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) || r == '<' }); i >= 0 {
		t.Fatalf("it has %q", text[max(0, i-40):min(len(text), i+40)])
	}
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	decoded(t, v)
}

// decoded checks what is in JSON.
func decoded(t *testing.T, v any) {
	switch v := v.(type) {
	case string:
		if i := strings.IndexFunc(v, func(r rune) bool { return !unicode.IsPrint(r) && r != '\n' && r != '\t' }); i >= 0 {
			t.Fatalf("it has %q", v)
		}
	case []any:
		for _, each := range v {
			decoded(t, each)
		}
	case map[string]any:
		for _, each := range v {
			decoded(t, each)
		}
	}
}
