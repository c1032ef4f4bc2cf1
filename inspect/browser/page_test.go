package browser

import (
	"errors"
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// hostile are texts that a peer could choose.
const hostile = `<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>`

// The page from its first look to its server's restart, with joins of every state
// under way.
func TestThePageShowsWhatFlows(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	s := newScene(t)
	s.all()
	l, url, stop := s.serve("127.0.0.1:0")
	noticed := listen(t, ctx)
	quiet := func(t *testing.T) {
		t.Helper()
		if list := noticed.others(); len(list) > 0 {
			t.Errorf("the browser complains: %q", list)
		}
	}
	first := `document.querySelector('.row')?.innerText`
	rows := `document.querySelectorAll('.row').length`

	theme(ctx, t, "light")
	do(t, ctx, chromedp.EmulateViewport(1280, 960), chromedp.Navigate(url))

	t.Run("every state is shown as what it is", func(t *testing.T) {
		await(t, ctx, "half-closed", row("upload.sock")+`?.dataset.state === 'half-closed'`)
		await(t, ctx, "its end", `/^ended \d+ [sm]$/.test(`+row("upload.sock")+`.querySelector('.lane.ab .pill').innerText)`)
		await(t, ctx, "its other direction", `/^open \d+ [sm]$/.test(`+row("upload.sock")+`.querySelector('.lane.ba .pill').innerText)`)
		await(t, ctx, "stalled", row("127.0.0.1:7000")+`?.dataset.state === 'stalled'`)
		await(t, ctx, "which direction", `/^stalled \d+ [sm]$/.test(`+row("127.0.0.1:7000")+`.querySelector('.lane.ab .pill').innerText) && `+
			row("127.0.0.1:7000")+`.querySelector('.lane.ba .pill').dataset.is === 'open'`)
		await(t, ctx, "what waits against the mark", `/^[\d.]+( .iB)? of [\d.]+ .iB waiting$/.test(`+row("127.0.0.1:7000")+`.querySelector('.lane.ab .wait').innerText.trim())`)
		await(t, ctx, "the bar of that", `parseInt(`+row("127.0.0.1:7000")+`.querySelector('.lane.ab .wait b').style.width) > 10`)
		await(t, ctx, "flowing", row("127.0.0.1:5432")+`?.dataset.state === 'flowing'`)
		await(t, ctx, "its rate", `/[KM]iB\/s$/.test(`+row("127.0.0.1:5432")+`.querySelector('.lane.ab .rate').innerText)`)
		await(t, ctx, "its sparkline", `(`+row("127.0.0.1:5432")+`.querySelector('.lane.ab .edge').getAttribute('d') || '').split('L').length > 2`)
		await(t, ctx, "silent", row("127.0.0.1:6000")+`?.dataset.state === 'silent'`)
		await(t, ctx, "ratio", row("127.0.0.1:9000")+`?.innerText.includes('gzip:level=6 ×0.')`)
		await(t, ctx, "both ends and the age", `/tcp:\/\/127.0.0.1:15432/.test(`+row("127.0.0.1:5432")+`.innerText) && /join \d+ · for \d+ [sm]/.test(`+row("127.0.0.1:5432")+`.innerText)`)
		await(t, ctx, "an error", `document.querySelector('#failures').innerText.includes('connection reset by peer')`)
		await(t, ctx, "how many stall, in the title", `document.title === '(1 stalled) duplex'`)
		quiet(t)
	})
	shots(t, ctx)

	t.Run("what is over is shown with how each direction ended", func(t *testing.T) {
		do(t, ctx, chromedp.Click(`#states button[value=closed]`))
		await(t, ctx, "aborted", row("127.0.0.1:2525")+`?.dataset.state === 'failed' && [...`+row("127.0.0.1:2525")+`.querySelectorAll('.lane .pill')].some(p => /^aborted \d+ [sm]$/.test(p.innerText))`)
		await(t, ctx, "why", row("127.0.0.1:2525")+`.querySelector('.error').innerText.includes('connection reset by peer')`)
		await(t, ctx, "ended", row("127.0.0.1:8079")+`?.dataset.state === 'closed' && [...`+row("127.0.0.1:8079")+`.querySelectorAll('.lane .pill')].every(p => /^ended \d+ [sm]$/.test(p.innerText))`)
		do(t, ctx, chromedp.Click(`#states button[value=""]`))
		quiet(t)
	})

	t.Run("what is hostile is text (R58)", func(t *testing.T) {
		s.silent(hostile, `"><svg onload=window.pwned=1>`)
		s.registry.Failed(errors.New(hostile))
		await(t, ctx, "a hostile name as text", row("<script>window.pwned=1</script>"))
		await(t, ctx, "no script of it", `window.pwned === undefined && document.querySelectorAll('main img, main script').length === 0`)
		quiet(t)
	})

	t.Run("rows are filtered", func(t *testing.T) {
		for _, filter := range []struct{ text, finds string }{{"upload", "upload.sock"}, {"GZIP", "127.0.0.1:9000"}} {
			do(t, ctx, chromedp.SendKeys("#text", filter.text))
			await(t, ctx, "the filter "+filter.text, rows+` === 1 && `+row(filter.finds))
			js(t, ctx, `const i = document.querySelector('#text'); i.value = ''; i.dispatchEvent(new Event('input'))`)
		}
		for state, finds := range map[string]string{"stalled": "127.0.0.1:7000", "half-closed": "upload.sock", "flowing": "127.0.0.1:5432", "silent": "127.0.0.1:6000"} {
			do(t, ctx, chromedp.Click(`#states button[value=`+state+`]`))
			await(t, ctx, "those that are "+state, rows+` > 0 && [...document.querySelectorAll('.row')].every(r => r.dataset.state === '`+state+`') && `+row(finds))
		}
		do(t, ctx, chromedp.SendKeys("#text", "no such thing"))
		await(t, ctx, "that there is none", rows+` === 0 && document.querySelector('#empty').innerText.includes('Nothing matches')`)
		js(t, ctx, `const i = document.querySelector('#text'); i.value = ''; i.dispatchEvent(new Event('input'))`)
		do(t, ctx, chromedp.Click(`#states button[value=""]`))
		await(t, ctx, "all again", rows+` >= 7`)
		quiet(t)
	})

	t.Run("rows are sorted", func(t *testing.T) {
		for _, sort := range []struct{ by, first string }{
			{"rate", "127.0.0.1:5432"}, {"bytes", "127.0.0.1:5432"}, {"waiting", "127.0.0.1:7000"}, {"state", "127.0.0.1:7000"}, {"name", "<script>"},
		} {
			choose(t, ctx, "#sort", sort.by)
			await(t, ctx, "by "+sort.by, first+`.includes('`+sort.first+`')`)
		}
		choose(t, ctx, "#sort", "bytes")
		do(t, ctx, chromedp.Click("#order"))
		await(t, ctx, "the least first", `document.querySelector('.row') && !`+first+`.includes('127.0.0.1:5432')`)
		do(t, ctx, chromedp.Click("#order"))
		choose(t, ctx, "#sort", "opened")
		quiet(t)
	})

	t.Run("a pause stands still and life goes on after it", func(t *testing.T) {
		do(t, ctx, chromedp.Click("#pause"))
		await(t, ctx, "the pause", `document.querySelector('#live').innerText.startsWith('paused') && source === null`)
		js(t, ctx, `window.before = last.at`)
		do(t, ctx, chromedp.Click(`#states button[value=stalled]`))
		await(t, ctx, "a choice while it is paused", rows+` === 1 && document.querySelector('#live').innerText.startsWith('paused') && last.at > before`)
		do(t, ctx, chromedp.Click(`#states button[value=""]`))
		do(t, ctx, chromedp.Click("#pause"))
		await(t, ctx, "life", `document.querySelector('#live').innerText === 'live'`)
		quiet(t)
	})

	t.Run("a detail has the timeline", func(t *testing.T) {
		js(t, ctx, row("upload.sock")+`.querySelector('.open').focus()`)
		do(t, ctx, chromedp.KeyEvent(kb.Enter))
		await(t, ctx, "the timeline", `document.querySelector('dialog').open && document.querySelector('.times')?.innerText.includes('A to B: ended')`)
		accessible(t, ctx, "the detail")
		js(t, ctx, `getSelection().selectAllChildren(document.querySelector('.facts dd')); window.before = last.at`)
		await(t, ctx, "that what is being selected stays", `last.at > before + 2000 && getSelection().toString().startsWith('join')`)
		js(t, ctx, `getSelection().removeAllRanges()`)
		do(t, ctx, chromedp.KeyEvent(kb.Escape))
		await(t, ctx, "the focus where it was", `!document.querySelector('dialog').open && document.activeElement.closest('.row')?.innerText.includes('upload.sock')`)
		quiet(t)
	})

	t.Run("it is light and dark as it is wanted", func(t *testing.T) {
		ground := `getComputedStyle(document.documentElement).backgroundColor`
		light, dark := `'rgb(244, 246, 248)'`, `'rgb(13, 17, 23)'`
		accessible(t, ctx, "light")
		await(t, ctx, "light", ground+` === `+light)
		theme(ctx, t, "dark")
		await(t, ctx, "dark", ground+` === `+dark)
		accessible(t, ctx, "dark")
		do(t, ctx, chromedp.Click("#theme"))
		await(t, ctx, "light in spite of that", ground+` === `+light)
		do(t, ctx, chromedp.Reload())
		await(t, ctx, "the same after a reload", ground+` === `+light+` && document.querySelector('#live').innerText === 'live'`)
		do(t, ctx, chromedp.Click("#theme"))
		await(t, ctx, "dark again", ground+` === `+dark)
		quiet(t)
	})

	t.Run("it fits whatever is wide", func(t *testing.T) {
		for _, width := range []int64{320, 390, 721, 820, 1081, 1280, 1920} {
			do(t, ctx, chromedp.EmulateViewport(width, 844))
			await(t, ctx, fmt.Sprintf("nothing beyond %d", width), fmt.Sprintf(`document.documentElement.scrollWidth <= %d`, width))
			// The longest numbers and ages: what does not fit into its place would be cut, or lie on something else.
			js(t, ctx, `stop(); const v = structuredClone(last);
				for (const r of v.rows) {
					r.age = 86399000;
					for (const l of [r.ab, r.ba]) Object.assign(l, {for: 3599000, rate: 1023*2**20, bytes: 1023*2**30, waiting: 99.9*2**10, mark: 99.9*2**20});
					r.ba.stalled = 3599000;
				}
				v.rows[0].ab.state = 'aborted';
				draw(v)`)
			cut, err := chromedp.Run(ctx, chromedp.Evaluate[string](`[...document.querySelectorAll('.rate, .bytes, .wait, .lane > .pill, .lane')]
				.filter(e => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== 'inline').map(e => e.className + ' ' + e.innerText).join('; ')`))
			if err != nil || cut != "" {
				t.Errorf("at %d this does not fit: %.300s, %v", width, cut, err)
			}
		}
		js(t, ctx, `ask()`)
		do(t, ctx, chromedp.EmulateViewport(390, 844))
		accessible(t, ctx, "on a phone")
		quiet(t)
	})

	t.Run("it survives a restart of its server", func(t *testing.T) {
		stop()
		await(t, ctx, "the loss", `document.querySelector('#live').innerText.includes('lost')`)
		_, _, again := s.serve(l.Addr().String())
		await(t, ctx, "life again", `document.querySelector('#live').innerText === 'live' && `+row("upload.sock")+`?.dataset.state === 'half-closed'`)
		if list := noticed.others("net::ERR_"); len(list) > 0 { // that it was away
			t.Errorf("the browser complains: %q", list)
		}
		again()
	})
}
