package browser

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Everything can be reached and done by the keyboard alone, and what has the
// focus shows it.
func TestThePageIsUsedByTheKeyboardAlone(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	s := newScene(t)
	s.all()
	_, url, _ := s.serve("127.0.0.1:0")
	do(t, ctx, chromedp.EmulateViewport(1280, 960), chromedp.Navigate(url))
	await(t, ctx, "a stalled one", row("127.0.0.1:7000")+`?.dataset.state === 'stalled'`)
	keys := func(keys string) { t.Helper(); do(t, ctx, chromedp.KeyEvent(keys)) }

	var reached []string
	for range 40 {
		keys(kb.Tab)
		text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`(() => {
			const e = document.activeElement, shows = e.classList.contains('open') ? e.closest('.row') : e;
			return JSON.stringify([e === document.body ? 'BODY' : e.id || e.value || (e.closest('.row') && 'row ' + e.closest('.row').dataset.id) || e.textContent.replace(/ .*/, ''),
				getComputedStyle(shows).outlineStyle !== 'none' ? 'shows' : 'hides']);
		})()`))
		if err != nil {
			t.Fatal(err)
		}
		var focus []string
		if err := json.Unmarshal([]byte(text), &focus); err != nil {
			t.Fatal(err)
		}
		if focus[0] == "BODY" || slices.Contains(reached, focus[0]) {
			break
		}
		if focus[1] != "shows" {
			t.Errorf("%s has the focus and does not show it", focus[0])
		}
		reached = append(reached, focus[0])
	}
	want := "theme pause All flowing silent half-closed stalled closed text sort order row "
	if got := strings.Join(reached, " "); !strings.HasPrefix(got, want) {
		t.Errorf("reached in turn %q, want %q first", got, want)
	}
	all, err := chromedp.Run(ctx, chromedp.Evaluate[string](`JSON.stringify([...document.querySelectorAll('.row')].map(r => 'row ' + r.dataset.id))`))
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	if err := json.Unmarshal([]byte(all), &rows); err != nil || len(rows) < 6 {
		t.Fatal(all, err)
	}
	for _, r := range rows {
		if !slices.Contains(reached, r) {
			t.Errorf("%s is not reached: %q", r, reached)
		}
	}

	// Filter, and back.
	js(t, ctx, `document.activeElement.blur()`)
	keys("/")
	await(t, ctx, "the focus on the filter", `document.activeElement.id === 'text'`)
	keys(kb.Backspace) // DevTools types it all the same; a keyboard does not, since the page has dealt with it
	keys("upload")
	await(t, ctx, "the filter", `document.querySelector('#text').value === 'upload' && document.querySelectorAll('.row').length === 1`)
	keys(strings.Repeat(kb.Backspace, len("upload")))
	await(t, ctx, "all", `document.querySelectorAll('.row').length > 4`)
	// Sort.
	keys(kb.Tab)
	await(t, ctx, "the focus on the order", `document.activeElement.id === 'sort'`)
	keys("w")
	await(t, ctx, "what waits most first", `document.querySelector('#sort').value === 'waiting' && document.querySelector('.row').innerText.includes('127.0.0.1:7000')`)
	// The detail of a row, which keeps the focus in it until it is closed.
	keys(kb.Tab + kb.Tab)
	await(t, ctx, "the focus on the first row", `document.activeElement.closest('.row') === document.querySelector('.row')`)
	keys(kb.Enter)
	await(t, ctx, "the detail", `document.querySelector('dialog').open && document.querySelector('.times')?.innerText.includes('stalled')`)
	for range 3 {
		keys(kb.Tab)
		await(t, ctx, "the focus in the detail", `document.activeElement === document.body || document.querySelector('dialog').contains(document.activeElement)`)
	}
	keys(kb.Escape)
	await(t, ctx, "the focus back on its row", `!document.querySelector('dialog').open && document.activeElement.closest('.row')?.innerText.includes('127.0.0.1:7000')`)
	// A row that changes its place keeps it.
	choose(t, ctx, "#sort", "bytes")
	await(t, ctx, "the row in another place", `document.querySelector('.row').innerText.includes('127.0.0.1:5432') && document.activeElement.closest('.row')?.innerText.includes('127.0.0.1:7000')`)
	choose(t, ctx, "#sort", "state")
	await(t, ctx, "the row in its place", `document.querySelector('.row').innerText.includes('127.0.0.1:7000') && document.activeElement.closest('.row') === document.querySelector('.row')`)
	// Pause.
	keys("p")
	await(t, ctx, "the pause", `document.querySelector('#live').innerText.startsWith('paused')`)
	keys("p")
	await(t, ctx, "life", `document.querySelector('#live').innerText === 'live'`)
}
