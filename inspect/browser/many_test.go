package browser

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/duplex-go/duplex/inspect"
)

// live is how many joins are live in the test: a process has 20,000 descriptors
// here, and a join takes two of each side.
func live() int {
	if os.Getenv("DUPLEX_FULL") != "" {
		return 9_900
	}
	return 990
}

// looks is for how many seconds the page is measured, twice.
func looks() int {
	if os.Getenv("DUPLEX_FULL") != "" {
		return 30
	}
	return 2
}

// joiner is "duplex join" with an inspector, in a process of its own.
type joiner struct {
	addr, inspector, token string
	pid                    int
}

// startJoiner starts it between a listener and target.
func startJoiner(t *testing.T, target string) joiner {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "duplex")
	build := exec.Command("go", "build", "-o", bin, "./cmd/duplex")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	cmd := exec.Command(bin, "join", "listen:tcp://127.0.0.1:0,fork,max=0", "tcp://"+target, "--inspect", ":0")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = cmd.Process.Kill(), cmd.Wait() })
	j := joiner{pid: cmd.Process.Pid}
	for lines := bufio.NewScanner(stderr); (j.addr == "" || j.token == "") && lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), "listening on tcp://"); ok {
			j.addr = text
		}
		if text, ok := strings.CutPrefix(lines.Text(), "inspect on http://"); ok {
			j.inspector, j.token, _ = strings.Cut(text, "/?token=")
		}
	}
	if j.addr == "" || j.token == "" {
		t.Fatal("it does not say where it is")
	}
	return j
}

// resident returns how many bytes of memory it holds.
func (j joiner) resident(t *testing.T) (n int) {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", j.pid))
	if err != nil {
		t.Skip("there is no /proc to see memory in")
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	if _, err := fmt.Sscan(rest, &n); err != nil {
		t.Fatal(err)
	}
	return n << 10
}

// ask returns an answer of its inspector, and how long that took.
func (j joiner) ask(t *testing.T, path string) (text []byte, took time.Duration) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, "http://"+j.inspector+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+j.token)
	began := time.Now()
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err = io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatal(response.Status, err)
	}
	return text, time.Since(began)
}

// echoer sends back what comes, until the test ends.
func echoer(t *testing.T) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var conns sync.Map
	var running sync.WaitGroup
	running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns.Store(c, nil)
			running.Go(func() {
				buf := make([]byte, 256)
				for {
					n, err := c.Read(buf)
					if err != nil {
						return
					}
					if _, err := c.Write(buf[:n]); err != nil {
						return
					}
				}
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		conns.Range(func(c, _ any) bool { _ = c.(net.Conn).Close(); return true })
		running.Wait()
	})
	return l.Addr().String()
}

// talk has each twentieth of conns say something once a second until ctx ends.
func talk(ctx context.Context, conns []net.Conn) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	buf := make([]byte, 100)
	for {
		for i := 0; i < len(conns); i += 20 {
			if _, err := conns[i].Write(buf); err != nil {
				return
			}
			if _, err := io.ReadFull(conns[i], buf); err != nil {
				return
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// pulse measures in the page how long it takes at most until something that is
// due is done, in milliseconds, and how far apart events come.
const pulse = `window.slowest = 0; window.events = []; let due = performance.now() + 20;
	setInterval(() => { const now = performance.now(); slowest = Math.max(slowest, now - due); due = now + 20; }, 20);
	const drawn = draw; draw = v => { events.push(performance.now()); drawn(v); };`

// With as many joins over TCP as there are descriptors for, the page stays usable
// and neither it nor the server takes more memory for being looked at (R37). It
// says what it measures with -v; DUPLEX_FULL=1 takes 9,900 joins, otherwise it is
// a tenth.
func TestR37_ThePageAndItsServerStayUsableWithThousandsOfJoins(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	n := live()
	j := startJoiner(t, echoer(t))
	conns := make([]net.Conn, n)
	for i := range conns {
		c, err := net.Dial("tcp", j.addr)
		if err != nil {
			t.Fatalf("join %d: %v", i, err)
		}
		defer c.Close()
		conns[i] = c
	}
	var talking sync.WaitGroup
	stop, cancel := context.WithCancel(t.Context())
	defer talking.Wait()
	defer cancel()
	talking.Go(func() { talk(stop, conns) })
	last := conns[n-1].LocalAddr().String()
	idle := j.resident(t)

	noticed := listen(t, ctx)
	do(t, ctx, chromedp.EmulateViewport(1280, 960), chromedp.Navigate("http://"+j.inspector+"/?token="+j.token))
	shown := fmt.Sprintf(`document.querySelector('#sum-open').innerText === (%d).toLocaleString('en')`, n)
	await(t, ctx, "all joins", shown+` && document.querySelectorAll('.row').length === 100`)
	js(t, ctx, pulse)
	heap := func() (bytes float64) {
		t.Helper()
		bytes, err := chromedp.Run(ctx, chromedp.Evaluate[float64](`performance.memory.usedJSHeapSize`))
		if err != nil {
			t.Fatal(err)
		}
		return bytes
	}
	// waits awaits events, and returns the longest wait meanwhile.
	waits := func(events int) (ms float64) {
		t.Helper()
		js(t, ctx, `slowest = 0; window.from = events.length`)
		await(t, ctx, "events", fmt.Sprintf(`events.length >= from + %d`, events))
		ms, err := chromedp.Run(ctx, chromedp.Evaluate[float64](`slowest`))
		if err != nil {
			t.Fatal(err)
		}
		return ms
	}
	ofHundred := waits(looks())
	seen := j.resident(t)

	// It is sorted, filtered and unfolded while all that moves.
	choose(t, ctx, "#sort", "rate")
	await(t, ctx, "those that move first", `document.querySelector('.row')?.dataset.state === 'flowing'`)
	do(t, ctx, chromedp.SendKeys("#text", last))
	await(t, ctx, "one of them all", `document.querySelectorAll('.row').length === 1 && document.querySelector('.row').innerText.includes('`+last+`')`)
	js(t, ctx, `const i = document.querySelector('#text'); i.value = ''; i.dispatchEvent(new Event('input'))`)
	await(t, ctx, "a hundred again", `document.querySelectorAll('.row').length === 100`)
	do(t, ctx, chromedp.Click("#show-more"))
	await(t, ctx, "two hundred", `document.querySelectorAll('.row').length === 200`)
	most := min(n, 1000)
	js(t, ctx, `for (let i = 0; i < 12; i++) document.querySelector('#show-more').click()`)
	await(t, ctx, "no more than a thousand", fmt.Sprintf(`document.querySelectorAll('.row').length === %d && (document.querySelector('#show-more').hidden || document.querySelector('#more').hidden)`, most))
	before := heap()
	ofMost := waits(looks())
	do(t, ctx, chromedp.Evaluate[chromedp.Void](row("127.0.0.1")+`.querySelector('.open').click()`))
	await(t, ctx, "a detail", `document.querySelector('dialog').open && document.querySelector('.times')`)
	if list := noticed.others(); len(list) > 0 {
		t.Errorf("the browser complains: %q", list)
	}

	var took []time.Duration
	var view []byte
	for range 20 {
		var d time.Duration
		view, d = j.ask(t, "/streams?sort=rate")
		took = append(took, d)
	}
	slices.Sort(took)
	var v inspect.View
	if err := json.Unmarshal(view, &v); err != nil || v.Totals.Live != n || len(v.Rows) != inspect.DefaultRows {
		t.Errorf("%d live, %d rows, %v", v.Totals.Live, len(v.Rows), err)
	}
	looked, page := j.resident(t), heap()
	t.Logf("%d joins: the server answers in %v, %v at most; what is due in the page waits %.0f ms at most with 100 rows, %.0f with %d",
		n, took[len(took)/2], took[len(took)-1], ofHundred, ofMost, most)
	t.Logf("server %.1f MiB before anybody looked, %.1f while the page did, %.1f at the end; page %.1f MiB, %.1f after; a view %d KiB",
		mib(idle), mib(seen), mib(looked), before/(1<<20), page/(1<<20), len(view)>>10)
	if len(view) > 200<<10 {
		t.Errorf("a view of a hundred rows has %d bytes", len(view))
	}
	if looked > 64<<20+n*48<<10 {
		t.Errorf("the server holds %.1f MiB", mib(looked))
	}
	if page > 96<<20 {
		t.Errorf("the page holds %.1f MiB", page/(1<<20))
	}
}

func mib(n int) float64 { return float64(n) / (1 << 20) }
