package inspect_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"

	"github.com/duplex-go/duplex/inspect"
)

const clientToken = "0123456789abcdef"

// serving serves r on addr until stop is called.
func serving(t *testing.T, r *inspect.Registry, addr string) (url string, stop func()) {
	t.Helper()
	var l net.Listener
	eventually(t, "listening on "+addr, func() (ok bool) {
		var err error
		l, err = inspect.Listen(addr)
		return err == nil
	})
	s := &inspect.Server{Registry: r, Token: clientToken}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	return s.URL(l), func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestAClientFollowsAServerThatGoesAndComesBack(t *testing.T) {
	r := new(inspect.Registry)
	join(t, r, "left", "right")
	url, stop := serving(t, r, "127.0.0.1:0")
	client, err := inspect.NewClient(url, "")
	if err != nil {
		t.Fatal(err)
	}
	if v, err := client.View(t.Context(), inspect.Query{Text: "left"}); err != nil || only(t, v).B.Name != "right" {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	lost := 0
	for v, err := range client.Follow(ctx, inspect.Query{Text: "left"}) {
		switch {
		case err != nil:
			if lost++; lost == 1 {
				_, stop = serving(t, r, strings.TrimPrefix(client.String(), "http://"))
			}
		case lost > 0:
			cancel() // it is there again; nothing more comes
		default:
			only(t, v)
			stop()
		}
	}
	stop()
	if lost == 0 || !errors.Is(ctx.Err(), context.Canceled) {
		t.Errorf("lost %d times, %v", lost, ctx.Err())
	}
}

func TestAClientStopsWhereNothingElseWillCome(t *testing.T) {
	url, stop := serving(t, new(inspect.Registry), "127.0.0.1:0")
	defer stop()
	own, _, _ := strings.Cut(url, "?")
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<p>hello")) }))
	defer page.Close()
	sender := httptest.NewServer(http.RedirectHandler(url, http.StatusSeeOther))
	defer sender.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	for _, test := range []struct {
		name, url string
		want      error
	}{
		{"no token", own, inspect.ErrToken},
		{"another token", own + "?token=" + strings.Repeat("x", 16), inspect.ErrToken},
		{"another server", other.URL, inspect.ErrNoServer},
		{"a page", page.URL, inspect.ErrNoServer},
		{"who sends us on", sender.URL, inspect.ErrNoServer},
		{"nobody", "http://" + l.Addr().String(), syscall.ECONNREFUSED},
	} {
		t.Run(test.name, func(t *testing.T) {
			client, err := inspect.NewClient(test.url, "")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := client.View(t.Context(), inspect.Query{}); !errors.Is(err, test.want) {
				t.Errorf("once: %v, want %v", err, test.want)
			}
			told := 0
			for _, err := range client.Follow(t.Context(), inspect.Query{}) {
				if told++; !errors.Is(err, test.want) || !strings.HasPrefix(err.Error(), "inspect: look at http://127.0.0.1:") {
					t.Errorf("%v, want %v", err, test.want)
				}
			}
			if told != 1 {
				t.Errorf("told %d times", told)
			}
		})
	}
}

func TestAClientEndsWithItsContext(t *testing.T) {
	url, stop := serving(t, new(inspect.Registry), "127.0.0.1:0")
	defer stop()
	client, err := inspect.NewClient(url, "")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, err := range client.Follow(ctx, inspect.Query{}) {
		if err != nil {
			t.Error(err)
		}
		cancel()
	}
}

// A URL that is none is refused, without its token being told (R62).
func TestR62_WrongURLsOfServersAreNotTold(t *testing.T) {
	for _, url := range []string{"", "127.0.0.1:1", "https://h:1/?token=s3cr3t", "http:///?token=s3cr3t", "http://h:1/metrics?token=s3cr3t",
		"http://u:s3cr3t@h:1/", "http://h:x/?token=s3cr3t", "http://h\x7f/?token=s3cr3t"} {
		if _, err := inspect.NewClient(url, ""); err == nil || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%q: %v", url, err)
		}
	}
}
