package inspect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/net/netutil"
)

// Bounds of what a server does for those who look.
const (
	// mostConns is how many connections it takes at once: a browser opens six.
	mostConns = 64
	// mostViewers is how many of them may be event streams.
	mostViewers = 16
	// longestHeader is how many bytes a request may have.
	longestHeader = 16 << 10
	// writeTime is how long a reader may take for one answer or event. One that
	// is slower is hung up on, and comes back by itself.
	writeTime = 10 * time.Second
)

// Server shows a registry over HTTP:
//
//	/         the page
//	/streams  what a [Query] in the URL asks for, as JSON: a [View]
//	/events   the same once a second, as server-sent events
//	/metrics  for Prometheus
//
// It answers GET alone, and only requests that carry its token and that no other
// site's page has made. The zero value with a registry is ready; its fields must
// not change once it serves.
type Server struct {
	Registry *Registry

	// Token is what every request must carry: as "Authorization: Bearer TOKEN",
	// or, from a browser, as the cookie that comes with the URL. Empty means a
	// random one; see URL. It must have 16 bytes.
	Token string

	// Hosts are further names under which the server may be asked for, beside
	// the addresses that it listens on.
	Hosts []string

	once    sync.Once
	token   string
	viewers chan struct{} // a place for each event stream
}

func (s *Server) init() {
	s.once.Do(func() {
		s.token = s.Token
		if s.token == "" {
			s.token = NewToken()
		}
		s.viewers = make(chan struct{}, mostViewers)
	})
}

// Listen listens on addr for a server: a port, :port or host:port. Without a host
// it is reached from this machine only, on 127.0.0.1.
func Listen(addr string) (net.Listener, error) {
	if _, err := strconv.ParseUint(addr, 10, 16); err == nil {
		addr = ":" + addr
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("inspect: %w", err)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, fmt.Errorf("inspect: %w", err)
	}
	return l, nil
}

// IsLocal reports whether l is reached from this machine only.
func IsLocal(l net.Listener) bool {
	a, ok := l.Addr().(*net.TCPAddr)
	return ok && a.IP.IsLoopback()
}

// URL returns what to open in a browser to see l, with the token in it.
func (s *Server) URL(l net.Listener) string {
	s.init()
	host := l.Addr().String()
	if a, ok := l.Addr().(*net.TCPAddr); ok && a.IP.IsUnspecified() {
		host = net.JoinHostPort("127.0.0.1", strconv.Itoa(a.Port))
	}
	return "http://" + host + "/?" + url.Values{tokenParam: {s.token}}.Encode()
}

// Serve serves l, which it closes, until ctx ends, and looks at the registry
// meanwhile. It returns nil then, once all that it started has ended; otherwise
// why it could not go on.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	s.init()
	if s.Token != "" {
		if err := checkToken(s.Token); err != nil {
			_ = l.Close()
			return err
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	running.Go(func() { s.Registry.Watch(ctx) })
	var conns sync.WaitGroup
	server := &http.Server{
		ConnState: func(_ net.Conn, s http.ConnState) {
			switch s {
			case http.StateNew:
				conns.Add(1)
			case http.StateClosed, http.StateHijacked:
				conns.Done()
			}
		},
		Handler:           newGuard(l.Addr(), s.token, s.Hosts).wrap(s.routes(ctx)),
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    longestHeader,
		ErrorLog:          silent,
	}
	running.Go(func() {
		<-ctx.Done()
		_ = server.Close()
	})
	err := server.Serve(netutil.LimitListener(l, mostConns))
	cause := ctx.Err()
	cancel() // event streams end
	_ = server.Close()
	conns.Wait()
	if cause != nil && errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("inspect: %w", err)
}

// Watch looks at everything in r once a second, until ctx ends. A [Server] that
// serves does so too; it is for programs that have none, and tell the numbers to
// something else.
func (r *Registry) Watch(ctx context.Context) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			r.sample(now)
		}
	}
}

func (s *Server) routes(ctx context.Context) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", servePage)
	mux.HandleFunc("/streams", s.streams)
	mux.HandleFunc("/events", func(w http.ResponseWriter, r *http.Request) { s.events(ctx, w, r) })
	registry := prometheus.NewRegistry()
	registry.MustRegister(s.Registry.Metrics(), collectors.NewGoCollector())
	mux.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4}))
	return mux
}

// streams answers with a View.
func (s *Server) streams(w http.ResponseWriter, r *http.Request) {
	q, err := ParseQuery(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	text, err := json.Marshal(s.Registry.View(q))
	if err != nil {
		http.Error(w, "the view cannot be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(text)
}
