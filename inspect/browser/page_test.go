package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/duplex-go/duplex/inspect"
)

const token = "0123456789abcdef0123456789abcdef"

// missing skips a test for want of a program; CI has them all.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("%s is missing: CI must install it", what)
	}
	t.Skipf("%s is not installed", what)
}

// browser starts Chromium until the test ends.
func browser(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		missing(t, "chromium")
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

// serve serves the scene on addr; stop ends that.
func (s *scene) serve(addr string) (l net.Listener, url string, stop func()) {
	s.t.Helper()
	var err error
	for range 100 { // the address may just have been left
		if l, err = inspect.Listen(addr); err == nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	server := &inspect.Server{Registry: s.registry, Token: token}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx, l) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				s.t.Error(err)
			}
		})
	}
	s.t.Cleanup(stop)
	return l, server.URL(l), stop
}

// await waits until an expression of the page is true.
func await(t *testing.T, ctx context.Context, what, expression string) {
	t.Helper()
	var got bool
	var err error
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if got, err = chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+expression+")")); err == nil && got {
			return
		}
	}
	text, _ := chromedp.Run(ctx, chromedp.Evaluate[string]("document.body.innerText"))
	t.Fatalf("%s: the page never shows it (%v):\n%.3000s", what, err, text)
}

func do(t *testing.T, ctx context.Context, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

func theme(ctx context.Context, t *testing.T, v string) {
	t.Helper()
	_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: v}}})
	if err != nil {
		t.Fatal(err)
	}
}

// row finds the row of an endpoint.
func row(name string) string {
	return fmt.Sprintf(`[...document.querySelectorAll('.row')].find(r => r.innerText.includes(%q))`, name)
}

// hostile are texts that a peer could choose.
const hostile = `<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>`

func TestThePageShowsWhatFlows(t *testing.T) {
	ctx := browser(t)
	s := newScene(t)
	s.all()
	l, url, stop := s.serve("127.0.0.1:0")

	var mu sync.Mutex
	var complaints []string
	if err := chromedp.Listen(ctx, func(ev any) {
		mu.Lock()
		defer mu.Unlock()
		switch ev := ev.(type) {
		case *runtime.EventExceptionThrown:
			complaints = append(complaints, fmt.Sprint(ev.ExceptionDetails))
		case *runtime.EventConsoleAPICalled:
			complaints = append(complaints, fmt.Sprint(ev.Type, ev.Args))
		}
	}); err != nil {
		t.Fatal(err)
	}
	theme(ctx, t, "light")
	do(t, ctx, chromedp.EmulateViewport(1280, 960), chromedp.Navigate(url))

	// Every state as what it is.
	await(t, ctx, "half-closed", row("upload.sock")+`?.dataset.state === 'half-closed'`)
	await(t, ctx, "its end", row("upload.sock")+`.querySelector('.lane.ab .pill').innerText.startsWith('ended')`)
	await(t, ctx, "its other direction", row("upload.sock")+`.querySelector('.lane.ba .pill').innerText === 'open'`)
	await(t, ctx, "stalled", row("127.0.0.1:7000")+`?.dataset.state === 'stalled'`)
	await(t, ctx, "what waits", row("127.0.0.1:7000")+`.querySelector('.lane.ab .wait').innerText.includes('iB waiting')`)
	await(t, ctx, "flowing", row("127.0.0.1:5432")+`?.dataset.state === 'flowing'`)
	await(t, ctx, "ratio", row("127.0.0.1:9000")+`?.innerText.includes('gzip:level=6 ×0.')`)
	await(t, ctx, "an error", `document.querySelector('#failures').innerText.includes('connection reset by peer')`)

	shots(t, ctx)

	// What is hostile is text (R58).
	s.silent(hostile, `"><svg onload=window.pwned=1>`)
	s.registry.Failed(fmt.Errorf("%s", hostile))
	await(t, ctx, "a hostile name as text", row("<script>window.pwned=1</script>"))
	await(t, ctx, "no script of it", `window.pwned === undefined && document.querySelectorAll('main img, main script').length === 0`)

	// Filter, state, sort.
	do(t, ctx, chromedp.SendKeys("#text", "upload"))
	await(t, ctx, "the filter", `document.querySelectorAll('.row').length === 1 && `+row("upload.sock"))
	do(t, ctx, chromedp.Evaluate[chromedp.Void](`(() => { const i = document.querySelector('#text'); i.value = ''; i.dispatchEvent(new Event('input')); })()`))
	do(t, ctx, chromedp.Click(`#states button[value=stalled]`))
	await(t, ctx, "the stalled ones", `document.querySelectorAll('.row').length === 1 && `+row("127.0.0.1:7000"))
	do(t, ctx, chromedp.Click(`#states button[value=""]`))
	do(t, ctx, chromedp.Evaluate[chromedp.Void](`(() => { const i = document.querySelector('#sort'); i.value = 'bytes'; i.dispatchEvent(new Event('change')); })()`))
	await(t, ctx, "the most bytes first", `document.querySelector('.row')?.innerText.includes('127.0.0.1:5432')`)
	do(t, ctx, chromedp.Click("#order"))
	await(t, ctx, "the least first", `document.querySelector('.row') && !document.querySelector('.row').innerText.includes('127.0.0.1:5432')`)

	// Pause.
	do(t, ctx, chromedp.Click("#pause"))
	await(t, ctx, "the pause", `document.querySelector('#live').innerText.startsWith('paused') && source === null`)
	do(t, ctx, chromedp.Click("#pause"))
	await(t, ctx, "life", `document.querySelector('#live').innerText === 'live'`)

	// A detail, by the keyboard.
	do(t, ctx, chromedp.Evaluate[chromedp.Void](row("upload.sock")+`.querySelector('.open').focus()`), chromedp.KeyEvent("\r"))
	await(t, ctx, "the timeline", `document.querySelector('dialog').open && document.querySelector('.times')?.innerText.includes('A to B: ended')`)
	accessible(t, ctx, "the detail")
	do(t, ctx, chromedp.KeyEvent("\x1b"))
	await(t, ctx, "the focus where it was", `!document.querySelector('dialog').open && document.activeElement.closest('.row')?.innerText.includes('upload.sock')`)
	theme(ctx, t, "dark")
	accessible(t, ctx, "dark")
	do(t, ctx, chromedp.EmulateViewport(390, 844))
	await(t, ctx, "nothing beyond a phone's width", `document.documentElement.scrollWidth <= 390`)
	accessible(t, ctx, "on a phone")

	mu.Lock()
	if len(complaints) > 0 {
		t.Errorf("the console says %q", complaints)
	}
	mu.Unlock()

	// The server goes and comes back.
	stop()
	await(t, ctx, "the loss", `document.querySelector('#live').innerText.includes('lost')`)
	s.serve(l.Addr().String())
	await(t, ctx, "life again", `document.querySelector('#live').innerText === 'live'`)
}

// accessible fails the test if axe finds anything wrong with the page.
func accessible(t *testing.T, ctx context.Context, what string) {
	t.Helper()
	script, err := os.ReadFile(filepath.Join(os.Getenv("DUPLEX_AXE"), "axe.min.js"))
	if os.Getenv("DUPLEX_AXE") == "" || err != nil {
		missing(t, "axe-core (DUPLEX_AXE names its directory)")
	}
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](string(script)+`;
		axe.run().then(r => JSON.stringify(r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.html + ' ' + n.failureSummary).join(' | '))))`,
		chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	var violations []string
	if err := json.Unmarshal([]byte(text), &violations); err != nil {
		t.Fatal(err)
	}
	for _, v := range violations {
		t.Errorf("%s: %.600s", what, v)
	}
}

// shots writes the screenshots of the README, if they are asked for.
func shots(t *testing.T, ctx context.Context) {
	dir := os.Getenv("DUPLEX_SCREENSHOTS")
	if dir == "" {
		return
	}
	time.Sleep(50 * time.Second) // the sparklines show a minute
	for _, v := range []string{"light", "dark"} {
		theme(ctx, t, v)
		b, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "inspect-"+v+".png"), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	theme(ctx, t, "light")
}
