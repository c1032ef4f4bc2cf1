package browser

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// complaints are what a browser has to say against a page: exceptions, what is
// written to the console, entries of its log (the content policy's violations
// among them), and requests that failed or were refused.
type complaints struct {
	mu   sync.Mutex
	list []string
}

// listen begins to take them down.
func listen(t *testing.T, ctx context.Context) *complaints {
	t.Helper()
	c := new(complaints)
	if err := chromedp.Listen(ctx, func(ev any) {
		switch ev := ev.(type) {
		case *runtime.EventExceptionThrown:
			c.add("exception: %v", ev.ExceptionDetails)
		case *runtime.EventConsoleAPICalled:
			c.add("console: %v %v", ev.Type, ev.Args)
		case *log.EventEntryAdded:
			c.add("log: %v %v: %v %v", ev.Entry.Source, ev.Entry.Level, ev.Entry.Text, ev.Entry.URL)
		case *network.EventLoadingFailed:
			if !ev.Canceled { // as the page does itself when it wants to see something else
				c.add("request: %v %v %v", ev.Type, ev.ErrorText, ev.BlockedReason)
			}
		case *network.EventResponseReceived:
			if ev.Response.Status >= 400 {
				c.add("request: %v %v", ev.Response.Status, ev.Response.URL)
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *complaints) add(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, fmt.Sprintf(format, args...))
}

// others returns those that have none of the words in them, and forgets all.
func (c *complaints) others(words ...string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := c.list
	c.list = nil
	return slices.DeleteFunc(list, func(text string) bool {
		return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(text, word) })
	})
}

func (c *complaints) has(word string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.ContainsFunc(c.list, func(text string) bool { return strings.Contains(text, word) })
}

// What a page could do wrong is noticed: else that nothing was noticed would say
// nothing.
func TestWhatAPageDoesWrongIsNoticed(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	s := newScene(t)
	_, url, _ := s.serve("127.0.0.1:0")
	noticed := listen(t, ctx)
	do(t, ctx, chromedp.Navigate(url))
	await(t, ctx, "life", `document.querySelector('#live').innerText === 'live'`)
	if list := noticed.others(); len(list) > 0 {
		t.Errorf("before anything is wrong: %q", list)
	}
	for _, wrong := range []struct{ script, says string }{
		{`console.error('planted')`, "console: error"},
		{`setTimeout(() => { throw new Error('planted'); })`, "exception: "},
		{`const e = document.createElement('script'); try { e.text = 'window.pwned = 1'; document.head.append(e); } catch {}`, "log: security"},
		{`document.head.append(document.createElement('style'));document.head.lastChild.append('b{}')`, "log: security"},
		{`const e = new Image(); e.src = 'https://example.org/x.png'`, "log: security"},
		{`fetch('missing')`, "request: 404"},
		{`fetch('http://127.0.0.1:1/').catch(() => {})`, "log: security"},
	} {
		js(t, ctx, wrong.script)
		await(t, ctx, "nothing of it", `window.pwned === undefined`)
		deadline := soon()
		for !noticed.has(wrong.says) && deadline() {
		}
		if list := noticed.others(); !slices.ContainsFunc(list, func(text string) bool { return strings.HasPrefix(text, wrong.says) }) {
			t.Errorf("%s: %q", wrong.script, list)
		}
	}
}
