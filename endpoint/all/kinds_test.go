package all_test

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
	_ "github.com/duplex-go/duplex/endpoint/all"
	"github.com/duplex-go/duplex/endpoint/internal/endpointtest"
	"github.com/duplex-go/duplex/hub"
)

// side is an endpoint's stream, and who is behind it.
type side struct {
	near duplex.Stream // what is joined
	far  duplex.Stream // its peer; nil for a file
	file string        // the file that is written
}

// kind is a kind of endpoint, and what it can carry.
type kind struct {
	name     string
	sends    bool
	receives bool
	ends     bool // it carries the end of what is sent to it
	leads    bool // it can end before the other side does
	open     func(t *testing.T, content []byte) side
}

func kinds(bed *testBed) []kind {
	both := func(name string, open func(t *testing.T) side) kind {
		return kind{name, true, true, true, true, func(t *testing.T, _ []byte) side { return open(t) }}
	}
	dialled := func(name, listen, dial string) kind {
		return both(name, func(t *testing.T) side {
			d, a := endpointtest.Connect(t, listen, dial)
			return side{near: d, far: a}
		})
	}
	accepted := func(name, listen, dial string) kind {
		return both(name, func(t *testing.T) side {
			d, a := endpointtest.Connect(t, listen, dial)
			return side{near: a, far: d}
		})
	}
	cert := bed.cert
	return append([]kind{
		dialled("tcp", "tcp://127.0.0.1:0", ""),
		accepted("tcp with PROXY", "tcp://127.0.0.1:0,proxy", ",proxy=2"),
		dialled("tls", "tls://127.0.0.1:0,cert="+cert, ",ca="+cert),
		accepted("tls with PROXY", "tls://127.0.0.1:0,proxy,cert="+cert, ",proxy=1,ca="+cert),
		dialled("ws", "ws://127.0.0.1:0/x", ""),
		accepted("wss", "wss://127.0.0.1:0/x,cert="+cert, ",ca="+cert),
		dialled("quic", "quic://127.0.0.1:0,cert="+cert, ",ca="+cert),
		dialled("nats", bed.hub.URL()+"/x", ""),
		both("pair", func(*testing.T) side {
			near, far := duplex.Pair()
			return side{near: near, far: far}
		}),
		both("unix", func(t *testing.T) side {
			d, a := endpointtest.Connect(t, "unix:"+filepath.Join(shortDir(t), "s"), "")
			return side{near: d, far: a}
		}),
		{"file that is read", true, false, true, true, func(t *testing.T, content []byte) side {
			path := filepath.Join(shortDir(t), "in")
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			return side{near: dial(t, "file:"+path)}
		}},
		{"file that is written", false, true, true, false, func(t *testing.T, _ []byte) side {
			path := filepath.Join(shortDir(t), "out")
			return side{near: dial(t, "file:"+path+",create"), file: path}
		}},
	}, unixKinds()...)
}

func dial(t *testing.T, url string) duplex.Stream {
	t.Helper()
	s, err := endpoint.Dial(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// behind runs the test binary behind an endpoint that runs commands, as a relay
// to us.
func behind(t *testing.T, scheme, options string) side {
	t.Helper()
	s, _ := behindProxy(t, scheme, options, func(to string) string { return to })
	return s
}

// behindProxy is behind, with something between the relay and us: through returns
// where the relay is to connect. It also returns the relay's process.
func behindProxy(t *testing.T, scheme, options string, through func(to string) string) (side, int) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	near := dial(t, scheme+":"+strings.ReplaceAll(self, " ", `\ `)+",env="+relayTo+"=tcp://"+through(l.Addr().String())+",env=GORACE=atexit_sleep_ms=0"+options) // or it would wait a second for reports
	far, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	said := make([]byte, pidWidth)
	if _, err := io.ReadFull(near, said); err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(said)))
	if err != nil {
		t.Fatal(err)
	}
	return side{near: near, far: duplex.FromConn(far)}, pid
}

// testBed is what all streams of a test share.
type testBed struct {
	cert   string
	hub    *hub.Hub
	opened atomic.Int64 // streams over QUIC that meet a fault
}

func newTestBed(t *testing.T) *testBed {
	t.Helper()
	h, err := hub.Config{}.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return &testBed{cert: endpointtest.Certificate(t), hub: h}
}

// shortDir returns a directory whose name leaves room for that of a socket.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "dpx")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}
