package inspect_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/duplex-go/duplex/inspect"
)

// served is a server under test.
type served struct {
	*inspect.Server
	base  string // http://host:port
	port  string
	token string
}

// serve serves r until the test ends.
func serve(t testing.TB, s *inspect.Server) *served {
	t.Helper()
	l, err := inspect.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(s.URL(l))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	return &served{s, "http://" + u.Host, u.Port(), u.Query().Get("token")}
}

// paths are all that there is to ask for.
var paths = []string{"/", "/streams", "/events", "/metrics", "/nothing"}

// ask asks for a path, with the token unless change takes it away.
func (s *served) ask(t testing.TB, path string, change func(r *http.Request)) *http.Response {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.token)
	if change != nil {
		change(r)
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	if response.Header.Get("Content-Type") == "text/event-stream" {
		t.Cleanup(func() { _ = response.Body.Close() })
		return response
	}
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close() // the next request takes the same connection
	response.Body = io.NopCloser(bytes.NewReader(text))
	return response
}

// view asks for the streams.
func (s *served) view(t testing.TB, query string) (v inspect.View) {
	t.Helper()
	response := s.ask(t, "/streams?"+query, nil)
	if response.StatusCode != http.StatusOK {
		t.Fatalf("%s", response.Status)
	}
	if err := json.NewDecoder(response.Body).Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestAServerAnswersWhoKnowsItsToken(t *testing.T) {
	s := serve(t, &inspect.Server{Registry: new(inspect.Registry)})
	j := join(t, s.Registry, "left", "right")
	pass(t, j.a, j.b, "hello")
	if row := only(t, s.view(t, "text=left")); row.B.Name != "right" {
		t.Errorf("%+v", row)
	}
	for path, want := range map[string]string{
		"/": "<title>duplex</title>", "/metrics": `duplex_open{kind="join",state="flowing"} 1`, "/streams": `"name":"left"`,
	} {
		response := s.ask(t, path, nil)
		text, _ := io.ReadAll(response.Body)
		if response.StatusCode != http.StatusOK || !strings.Contains(string(text), want) {
			t.Errorf("%s: %s, %.200s", path, response.Status, text)
		}
	}
	if response := s.ask(t, "/nothing", nil); response.StatusCode != http.StatusNotFound {
		t.Errorf("nothing: %s", response.Status)
	}
	for _, query := range []string{"state=wild", "sort=random", "limit=-1", "limit=x", "limit=99999999", "id=x", "text=" + strings.Repeat("x", 400)} {
		for _, path := range []string{"/streams?", "/events?"} {
			if response := s.ask(t, path+query, nil); response.StatusCode != http.StatusBadRequest {
				t.Errorf("%s%.20s: %s", path, query, response.Status)
			}
		}
	}
}

func TestEventsComeAtOnceAndAgain(t *testing.T) {
	s := serve(t, &inspect.Server{Registry: new(inspect.Registry)})
	response := s.ask(t, "/events?limit=5", nil)
	if kind := response.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Errorf("it is %s", kind)
	}
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	join(t, s.Registry, "came", "later")
	seen := 0
	for seen < 3 && lines.Scan() {
		text, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		var v inspect.View
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		if seen++; seen > 1 && len(v.Rows) != 1 {
			t.Errorf("event %d: %+v", seen, v)
		}
	}
	if seen < 3 {
		t.Errorf("only %d events: %v", seen, lines.Err())
	}
}

// By default nobody but this machine is listened to, and nothing is answered
// without the token (R56).
func TestR56_ADefaultServerIsLocalAndAnswersNothingWithoutItsToken(t *testing.T) {
	for _, addr := range []string{"0", ":0", "127.0.0.1:0", "localhost:0", "[::1]:0"} {
		l, err := inspect.Listen(addr)
		if err != nil {
			if addr == "[::1]:0" {
				t.Log("no IPv6 here")
				continue
			}
			t.Fatal(err)
		}
		if !inspect.IsLocal(l) {
			t.Errorf("%s listens on %v", addr, l.Addr())
		}
		_ = l.Close()
	}
	s := serve(t, &inspect.Server{Registry: new(inspect.Registry)})
	if len(s.token) != 64 {
		t.Errorf("the token has %d letters", len(s.token))
	}
	for _, path := range paths {
		for name, change := range map[string]func(*http.Request){
			"no token":     func(r *http.Request) { r.Header.Del("Authorization") },
			"an empty one": func(r *http.Request) { r.Header.Set("Authorization", "Bearer ") },
			"another":      func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+inspect.NewToken()) },
			"a part of it": func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+s.token[:63]) },
			"basic":        func(r *http.Request) { r.SetBasicAuth("token", s.token) },
			"in another cookie": func(r *http.Request) {
				r.Header.Set("Authorization", "")
				r.AddCookie(&http.Cookie{Name: "token", Value: s.token})
			},
			"itself as the cookie": func(r *http.Request) {
				r.Header.Del("Authorization")
				r.AddCookie(&http.Cookie{Name: "duplex-inspect-" + s.port, Value: s.token})
			},
			"a wrong one in the URL": func(r *http.Request) { r.Header.Del("Authorization"); r.URL.RawQuery = "token=" + inspect.NewToken() },
		} {
			if response := s.ask(t, path, change); response.StatusCode != http.StatusUnauthorized {
				t.Errorf("%s with %s: %s", path, name, response.Status)
			}
		}
		if path == "/" {
			continue
		}
		// In the URL it counts for the page only, which takes it out again.
		response := s.ask(t, path, func(r *http.Request) { r.Header.Del("Authorization"); r.URL.RawQuery = "token=" + s.token })
		if response.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s with the token in its URL: %s", path, response.Status)
		}
	}
}

func TestTheURLWithTheTokenLetsABrowserInAndLosesTheToken(t *testing.T) {
	s := serve(t, &inspect.Server{Registry: new(inspect.Registry)})
	jar, _ := cookiejar.New(nil)
	transport := &http.Transport{DisableKeepAlives: true}
	browser := &http.Client{Jar: jar, Transport: transport}
	response, err := browser.Get(s.base + "/?token=" + s.token)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK || string(text) != inspect.Page() || response.Request.URL.RawQuery != "" {
		t.Errorf("%s at %s", response.Status, response.Request.URL)
	}
	for _, c := range jar.Cookies(response.Request.URL) {
		if strings.Contains(c.Value, s.token) {
			t.Error("the cookie is the token")
		}
	}
	first := s.ask(t, "/?token="+s.token, nil)
	if cookie := first.Header.Get("Set-Cookie"); !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Strict") {
		t.Errorf("cookie %s", cookie)
	}
	if response, err = browser.Get(s.base + "/streams"); err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("%v, %v", response, err)
	}
	_ = response.Body.Close()
}

// Every answer, a refusal too, says what a browser may make of it.
func TestEveryAnswerForbidsScriptsFramesAndCaches(t *testing.T) {
	s := serve(t, &inspect.Server{Registry: new(inspect.Registry)})
	for _, path := range paths {
		for _, change := range []func(*http.Request){nil, func(r *http.Request) { r.Header.Del("Authorization") }, func(r *http.Request) { r.Host = "evil.example" }} {
			h := s.ask(t, path, change).Header
			for name, want := range map[string]string{
				"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
				"Content-Security-Policy": inspect.ContentPolicy, "Access-Control-Allow-Origin": "",
			} {
				if h.Get(name) != want {
					t.Errorf("%s: %s is %q", path, name, h.Get(name))
				}
			}
		}
	}
	if strings.Contains(inspect.ContentPolicy, "unsafe") || !strings.Contains(inspect.ContentPolicy, "default-src 'none'") {
		t.Errorf("the policy is %s", inspect.ContentPolicy)
	}
}

// The page takes nothing from elsewhere, and nothing in it makes HTML of text.
func TestThePageHasNoForeignAssetAndMakesNoHTML(t *testing.T) {
	for _, wrong := range []string{`innerHTML`, `outerHTML`, `insertAdjacentHTML`, `document\.write`, `eval\(`, `new Function`, ` on[a-z]+="`, ` style="`,
		`src=`, `@import`, `url\(`, `href="http`} {
		if found := regexp.MustCompile(wrong).FindString(inspect.Page()); found != "" {
			t.Errorf("the page has %q", found)
		}
	}
}

func TestOnlyGETIsAnswered(t *testing.T) {
	s := serve(t, &inspect.Server{Registry: new(inspect.Registry)})
	for _, method := range []string{"HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND"} {
		for _, path := range paths {
			if method == "CONNECT" && path != "/" {
				continue
			}
			response := s.ask(t, path, func(r *http.Request) { r.Method = method })
			if response.StatusCode != http.StatusMethodNotAllowed || response.Header.Get("Allow") != "GET" {
				t.Errorf("%s %s: %s", method, path, response.Status)
			}
		}
	}
}

// Requests that somebody else's page has made, or that came under somebody
// else's name, are refused, although they carry the token; and asking for
// everything changes nothing (R57).
func TestR57_RequestsUnderForeignNamesAreRefusedAndGETChangesNothing(t *testing.T) {
	s := serve(t, &inspect.Server{Registry: new(inspect.Registry)})
	join(t, s.Registry, "a", "b")
	p := s.port
	host := func(h string) func(*http.Request) { return func(r *http.Request) { r.Host = h } }
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	var changes []func(*http.Request)
	for _, h := range []string{
		"evil.example", "evil.example:" + p, "127.0.0.1", "127.0.0.1:1", "127.0.0.1:" + p + "0", "localhost", "localhost:1",
		"localhost6:" + p, "localhost.:" + p, "localhost.evil.example:" + p, "127.0.0.1.evil.example:" + p, "evil.example.127.0.0.1:" + p,
		"0177.0.0.1:" + p, "0x7f.0.0.1:" + p, "0x7f000001:" + p, "2130706433:" + p, "017700000001:" + p, "127.1:" + p, "127.0.1:" + p,
		"127.0.0.2:" + p, "0.0.0.0:" + p, "0:" + p, "[::]:" + p, "[::ffff:127.0.0.1]:" + p, "[::2]:" + p, "[0:0:0:0:0:0:0:1]:" + p,
		"127.0.0.1.nip.io:" + p, "xn--lcalhost-54a:" + p, "user@127.0.0.1:" + p, "10.0.0.1:" + p, "192.168.0.1:" + p, "169.254.169.254:" + p,
	} {
		changes = append(changes, host(h))
	}
	for _, o := range []string{
		"null", "http://evil.example", "https://evil.example", "http://evil.example:" + p, "https://127.0.0.1:" + p, "http://127.0.0.1",
		"http://127.0.0.1:1", "http://localhost:" + p, "http://127.0.0.1:" + p + ".evil.example", "http://127.0.0.1:" + p + "@evil.example",
		"http://evil.example/http://127.0.0.1:" + p, "file://", "chrome-extension://abc", "http://user@127.0.0.1:" + p, "", "127.0.0.1:" + p,
	} {
		changes = append(changes, set("Origin", o))
	}
	for _, o := range []string{
		"http://evil.example/", "http://127.0.0.1:1/", "https://127.0.0.1:" + p + "/", "http://127.0.0.1.evil.example:" + p + "/", "about:blank",
	} {
		changes = append(changes, set("Referer", o))
	}
	for _, site := range []string{"cross-site", "same-site", "Cross-Site", "", "none, same-origin", "anything"} {
		changes = append(changes, set("Sec-Fetch-Site", site))
	}
	changes = append(changes, func(r *http.Request) { r.Header["Origin"] = []string{"http://127.0.0.1:" + p, "http://evil.example"} })
	if len(changes) < 60 {
		t.Fatalf("only %d requests", len(changes))
	}
	refused := 0
	for i, change := range changes {
		for _, path := range paths {
			if response := s.ask(t, path, change); response.StatusCode != http.StatusForbidden {
				t.Errorf("request %d for %s: %s", i, path, response.Status)
				continue
			}
			refused++
		}
	}
	t.Logf("%d requests refused: %d kinds for each of %d paths", refused, len(changes), len(paths))
	for _, ok := range []func(*http.Request){
		host("localhost:" + p), host("LOCALHOST:" + p), host("[::1]:" + p), set("Sec-Fetch-Site", "same-origin"), set("Sec-Fetch-Site", "none"),
		set("Origin", "http://127.0.0.1:"+p), set("Referer", "http://127.0.0.1:"+p+"/"),
	} {
		if response := s.ask(t, "/streams", ok); response.StatusCode != http.StatusOK {
			t.Errorf("our own: %s", response.Status)
		}
	}
	before := s.Registry.View(inspect.Query{ID: 1})
	for _, path := range paths {
		for _, query := range []string{"", "?id=1", "?id=1&close=1", "?token=x", "?limit=0&state=closed", "?delete=1&method=POST"} {
			if path != "/events" {
				_, _ = io.Copy(io.Discard, s.ask(t, path+query, nil).Body)
			}
		}
	}
	after := s.Registry.View(inspect.Query{ID: 1})
	if before.Totals.Opened != after.Totals.Opened || before.Totals.Live != after.Totals.Live || len(before.Detail.Timeline) != len(after.Detail.Timeline) {
		t.Errorf("before %+v, after %+v", before, after)
	}
}

func TestAServerIsAskedForByTheNamesThatItWasGiven(t *testing.T) {
	s := serve(t, &inspect.Server{Registry: new(inspect.Registry), Hosts: []string{"inspect.example"}})
	for host, want := range map[string]int{"inspect.example:" + s.port: 200, "inspect.example": 403, "other.example:" + s.port: 403} {
		if response := s.ask(t, "/streams", func(r *http.Request) { r.Host = host }); response.StatusCode != want {
			t.Errorf("%s: %s", host, response.Status)
		}
	}
}

func TestATokenFileIsMadeForItsOwnerAndReadAgain(t *testing.T) {
	name := filepath.Join(t.TempDir(), "token")
	made, err := inspect.TokenFile(name)
	if err != nil || len(made) != 64 {
		t.Fatalf("%q, %v", made, err)
	}
	if info, _ := os.Stat(name); info.Mode().Perm() != 0o600 {
		t.Errorf("its mode is %v", info.Mode())
	}
	if again, err := inspect.TokenFile(name); again != made || err != nil {
		t.Errorf("%q, %v", again, err)
	}
	_ = os.WriteFile(name, []byte("short\n"), 0o600)
	if _, err := inspect.TokenFile(name); err == nil {
		t.Error("a short token is taken")
	}
	if _, err := inspect.TokenFile(filepath.Join(name, "no")); err == nil {
		t.Error("a file within a file is taken")
	}
	l, err := inspect.Listen("0")
	if err != nil {
		t.Fatal(err)
	}
	s := inspect.Server{Registry: new(inspect.Registry), Token: "short"}
	if err := s.Serve(t.Context(), l); err == nil || !strings.Contains(err.Error(), "token") {
		t.Errorf("a server with a short token: %v", err)
	}
}

// Those who look and do not read hold up nobody: not what they look at, not
// others who look, and not the end of the server; and there is a bound to how
// many they are (R37).
func TestR37_SlowBrowsersHoldUpNobody(t *testing.T) {
	s := serve(t, &inspect.Server{Registry: new(inspect.Registry)})
	for i := range 200 {
		join(t, s.Registry, fmt.Sprintf("%d %s", i, strings.Repeat("x", 250)), "")
	}
	var slow []net.Conn
	defer func() {
		for _, c := range slow {
			_ = c.Close()
		}
	}()
	for range inspect.MostViewers {
		c, err := net.Dial("tcp", "127.0.0.1:"+s.port)
		if err != nil {
			t.Fatal(err)
		}
		slow = append(slow, c)
		_ = c.(*net.TCPConn).SetReadBuffer(4 << 10)
		fmt.Fprintf(c, "GET /events?limit=1000 HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nAuthorization: Bearer %s\r\n\r\n", s.port, s.token)
		if _, err := c.Read(make([]byte, 1)); err != nil { // it is served, and reads no more
			t.Fatal(err)
		}
	}
	if response := s.ask(t, "/events", nil); response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") == "" {
		t.Errorf("one too many: %s", response.Status)
	}
	j := join(t, s.Registry, "quick", "")
	pass(t, j.a, j.b, "hello")
	if row := only(t, s.view(t, "text=quick")); row.A.Name != "quick" {
		t.Errorf("%+v", row)
	}
	j.end(t)
	_ = slow[0].Close() // makes a place for another
	eventually(t, "a place", func() bool { return s.ask(t, "/events", nil).StatusCode == http.StatusOK })
}

func FuzzQuery(f *testing.F) {
	for _, text := range []string{"", "text=a&state=stalled&sort=rate&up=1&limit=10&id=3", "limit=-1", "id=18446744073709551616", "state=%00", "text=%ff", "&&=;"} {
		f.Add(text)
	}
	r := new(inspect.Registry)
	join(f, r, "fuzz", "")
	f.Fuzz(func(t *testing.T, text string) {
		v, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		q, err := inspect.ParseQuery(v)
		if err != nil {
			if bytes.ContainsAny([]byte(err.Error()), "\n\x00\x1b") {
				t.Fatalf("%q", err)
			}
			return
		}
		if again, err := inspect.ParseQuery(q.Values()); err != nil || again != q {
			t.Fatalf("%+v is read again as %+v, %v", q, again, err)
		}
		if view := r.View(q); view.Matched > 1 {
			t.Fatalf("%+v", view)
		}
	})
}
