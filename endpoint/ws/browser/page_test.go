package browser

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
	_ "github.com/duplex-go/duplex/endpoint/ws"
)

// chromium starts Chromium until the test ends.
func chromium(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("chromium is missing: CI must install it")
		}
		t.Skip("chromium is not installed")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU)...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	return ctx
}

// page has what a page does with a WebSocket. Each function promises the lines
// of what happened.
const page = `<!doctype html><title>WebSocket</title><script>
function open(url, protocols, talk) {
  return new Promise((resolve) => {
    const lines = [], w = new WebSocket(url, protocols)
    w.binaryType = 'arraybuffer'
    w.onopen = () => { lines.push('open ' + (w.protocol || '-') + ' ' + (w.extensions || '-')); talk?.(w, lines) }
    w.onclose = (e) => { lines.push(['closed', e.code, e.reason || '-', e.wasClean].join(' ')); resolve(lines.join(', ')) }
  })
}
// Sends binary and text, counts what comes back, and leaves the close to whom it is told.
function echo(url, close) {
  return open(url, [], (w, lines) => {
    const mega = new Uint8Array(1 << 20).map((_, i) => i * 7)
    let left = mega.length + 8, wrong = 0, at = 0
    w.onmessage = (m) => {
      const got = typeof m.data === 'string' ? new TextEncoder().encode(m.data) : new Uint8Array(m.data)
      if (at === 0) lines.push(typeof m.data === 'string' ? 'text' : 'binary')
      for (const byte of got) { if (at >= 8 && byte !== mega[at - 8]) wrong++; at++ }
      left -= got.length
      if (left === 0) { lines.push('wrong ' + wrong); close ? w.close(1000, 'done') : w.send('.') }
    }
    w.send('grüße!') // 8 bytes
    w.send(mega)
  })
}
function text(url) {
  return open(url, [], (w, lines) => {
    let all = ''
    w.onmessage = (m) => { all += typeof m.data === 'string' ? m.data : '?'; if (all.endsWith('!')) { lines.push(all); w.close() } }
    w.send('grüße 🎈!')
  })
}
function half(url) {
  return open(url, ['duplex.v1'], (w, lines) => {
    w.onmessage = async (m) => lines.push(m.data.byteLength ? new TextDecoder().decode(m.data) : 'end')
    w.send('a request')
    w.send(new ArrayBuffer(0))
  })
}
</script>`

// TestR81_ChromiumTalksAndEnds has pages of one server talk to a listener of ours
// that lets them in, and those of another refused.
func TestR81_ChromiumTalksAndEnds(t *testing.T) {
	ctx := chromium(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, page)
	}))
	defer server.Close()
	own := strings.TrimPrefix(server.URL, "http://")

	echoes := func(t *testing.T, s duplex.Stream, size int64) {
		// What comes goes back as it comes, from one goroutine.
		if _, err := io.CopyN(s, struct{ io.Reader }{s}, size); err != nil {
			t.Error(err)
		}
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(server.URL)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, options, script string
		talk                  func(t *testing.T, s duplex.Stream)
		says                  string
	}{
		{"we close", "", "echo(URL, false)", func(t *testing.T, s duplex.Stream) {
			echoes(t, s, 1<<20+8)
			if _, err := io.ReadFull(s, make([]byte, 1)); err != nil {
				t.Error(err)
			}
		}, "open - -, binary, wrong 0, closed 1000 - true"},
		{"the page closes", "", "echo(URL, true)", func(t *testing.T, s duplex.Stream) {
			echoes(t, s, 1<<20+8)
			if n, err := io.Copy(io.Discard, s); n != 0 || err != nil {
				t.Errorf("%d bytes more, %v", n, err)
			}
		}, "open - -, binary, wrong 0, closed 1000 done true"},
		{"text", ",text,split=3", "text(URL)", func(t *testing.T, s duplex.Stream) {
			echoes(t, s, int64(len("grüße 🎈!")))
			if n, err := io.Copy(io.Discard, s); n != 0 || err != nil {
				t.Errorf("%d bytes more, %v", n, err)
			}
		}, "open - -, grüße 🎈!, closed 1005 - true"},
		{"half-close", "", "half(URL)", func(t *testing.T, s duplex.Stream) {
			if got, err := io.ReadAll(s); string(got) != "a request" || err != nil {
				t.Errorf("got %q, %v", got, err)
			}
			_, err := io.WriteString(s, "its answer")
			if err := errors.Join(err, s.CloseWrite()); err != nil {
				t.Error(err)
			}
		}, "open duplex.v1 -, its answer, end, closed 1000 - true"},
		{"an abort", "", "open(URL, [])", func(t *testing.T, s duplex.Stream) {
			_ = duplex.Abort(s, errors.New("secret"))
		}, "open - -, closed 1011 stream aborted true"},
		{"a page that is not let in", ",origin=127.0.0.1:1", "open(URL, [])", nil, "closed 1006 - false"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !strings.Contains(c.options, "origin=") {
				c.options += ",origin=" + own
			}
			got, err := run(t, ctx, c.options, c.script, c.talk)
			if got != c.says || (c.talk == nil) != (err != nil) {
				t.Errorf("the page says %q, want %q; we %v", got, c.says, err)
			}
		})
	}
	// The same page under another name is another origin, although it is allowed
	// under its own.
	if err := chromedp.Do(ctx, chromedp.Navigate(strings.Replace(server.URL, "127.0.0.1", "localhost", 1))); err != nil {
		t.Fatal(err)
	}
	t.Run("a foreign page", func(t *testing.T) {
		got, err := run(t, ctx, ",origin="+own, "open(URL, [])", nil)
		if got != "closed 1006 - false" || err == nil || !strings.Contains(err.Error(), "not authorized") {
			t.Errorf("the page says %q, we %v", got, err)
		}
	})
}

// run runs script in the page, with URL for that of a listener, and talk beside
// it. It returns what the page says and why there was no stream.
func run(t *testing.T, ctx context.Context, options, script string, talk func(t *testing.T, s duplex.Stream)) (said string, err error) {
	t.Helper()
	l, err := endpoint.Listen(t.Context(), "ws://127.0.0.1:0/x"+options)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		s, err := endpoint.Accept(t.Context(), l)
		if err == nil {
			if talk != nil {
				talk(t, s)
			}
			_ = s.Close()
		}
		ended <- err
	}()
	said, err = chromedp.Run(ctx, chromedp.Evaluate[string](strings.ReplaceAll(script, "URL", fmt.Sprintf("%q", endpoint.URL(l))), chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	return said, <-ended
}
