package browser

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
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

// soon returns a function that waits a little, and reports whether to go on
// waiting.
func soon() (more func() bool) {
	deadline := time.Now().Add(30 * time.Second)
	first := true
	return func() bool {
		if !first {
			time.Sleep(50 * time.Millisecond)
		}
		first = false
		return time.Now().Before(deadline)
	}
}

// await waits until an expression of the page is true.
func await(t *testing.T, ctx context.Context, what, expression string) {
	t.Helper()
	var got bool
	var err error
	for more := soon(); more(); {
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

// js has the page do something.
func js(t *testing.T, ctx context.Context, script string) {
	t.Helper()
	do(t, ctx, chromedp.Evaluate[chromedp.Void]("(() => { "+script+" })()"))
}

// choose chooses from a list, as a person would.
func choose(t *testing.T, ctx context.Context, list, value string) {
	t.Helper()
	js(t, ctx, fmt.Sprintf(`const e = document.querySelector(%q); e.value = %q; e.dispatchEvent(new Event('change'))`, list, value))
}
