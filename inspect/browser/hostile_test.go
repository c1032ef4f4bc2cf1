package browser

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/inspect"
)

// said is what a peer could say: script tags, control sequences and what breaks
// lines, drawn by seed.
func said(random *rand.Rand) string {
	nasty := []string{"<script>window.pwned=1</script>", `"><img src=x onerror=window.pwned=1>`, "<svg onload=window.pwned=1>", "javascript:window.pwned=1",
		"</style></title></textarea>", "${window.pwned=1}", "\x1b]0;title\a", "\x1b]52;c;aGk=\x1b\\", "\x1b[2J", "\x9b31m", "\u009b31m", "\u0085", "\u2028",
		"\u202e", "\x00", "\x7f", "\r", "\n", "\t", "\xff", "plain", "日本"}
	var text strings.Builder
	for range 1 + random.IntN(8) {
		text.WriteString(nasty[random.IntN(len(nasty))])
	}
	return text.String()
}

// A thousand texts of peers show as text: no script of them runs, no element is
// made of them, and there is no control character (R58).
func TestR58_ThePageShowsWhatPeersSayAsText(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	s := newScene(t)
	random := rand.New(rand.NewPCG(58, 58))
	for range 340 { // with three texts each
		shown := s.registry.Track(duplex.ObservedEnd{Name: "said: " + said(random), Addr: said(random)}, time.Now())
		defer shown.Close(nil)
		shown.Set(inspect.Sample{Note: said(random)})
		s.registry.Failed(errors.New(said(random)))
	}
	_, url, _ := s.serve("127.0.0.1:0")
	do(t, ctx, chromedp.Navigate(url))
	await(t, ctx, "a hundred rows", `document.querySelectorAll('.row').length === 100`)
	do(t, ctx, chromedp.Evaluate[chromedp.Void](`(() => { want.limit = 1000; ask(); })()`))
	await(t, ctx, "all rows", `[...document.querySelectorAll('.row')].filter(r => r.textContent.includes('said:')).length === 340`)
	await(t, ctx, "no script of them", `window.pwned === undefined`)
	await(t, ctx, "no element of them", `document.querySelectorAll('main script, main img, main style, main textarea, main [onload], main [onerror]').length === 0`)
	await(t, ctx, "tags as text", `document.querySelector('main').textContent.includes('<script>window.pwned=1</script>')`)
	await(t, ctx, "no control characters", `!/[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u202e]/.test(document.querySelector('main').textContent)`)
}
