package relay_test

import (
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/duplextest"
	"github.com/duplex-go/duplex/endpoint"
	"github.com/duplex-go/duplex/relay"
)

func full() bool { return os.Getenv("DUPLEX_FULL") == "1" }

// eventually waits until ok returns true.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not after half a minute", what)
		}
	}
}

// backend accepts connections on l and gives each to f in a goroutine of its
// own, until the test ends.
func backend(t *testing.T, l net.Listener, f func(duplex.Stream)) {
	t.Helper()
	var running sync.WaitGroup
	running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() { f(c.(duplex.Stream)) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		running.Wait()
	})
}

// listen listens on a free port or, at a path, on a Unix socket.
func listen(t *testing.T, path string) (l net.Listener, url string) {
	t.Helper()
	network, addr := "tcp", "127.0.0.1:0"
	if path != "" {
		network, addr = "unix", path
	}
	l, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	return l, network + "://" + l.Addr().String()
}

// conduct is what a peer of a join does with its side. Whoever it is, it keeps
// the connection until the join is over.
type conduct func(random *rand.Rand, c duplex.Stream)

var conducts = []conduct{
	func(random *rand.Rand, c duplex.Stream) { // says something, ends, and reads to the end
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, _ = io.Copy(io.Discard, readOnly{c})
		}()
		_, _ = c.Write(make([]byte, random.IntN(300_000)))
		_ = c.CloseWrite()
		<-done
	},
	func(random *rand.Rand, c duplex.Stream) { // resets
		_, _ = c.Write(make([]byte, random.IntN(30_000)))
		_, _ = io.CopyN(io.Discard, c, random.Int64N(1000))
		_ = duplex.Abort(c, nil)
	},
	func(random *rand.Rand, c duplex.Stream) { // resets without having read
		_, _ = c.Write(make([]byte, random.IntN(300_000)))
		_ = duplex.Abort(c, nil)
	},
	func(_ *rand.Rand, c duplex.Stream) { // ends at once, and reads on
		_ = c.CloseWrite()
		_, _ = io.Copy(io.Discard, readOnly{c})
	},
	func(random *rand.Rand, c duplex.Stream) { // reads to the end, and never ends itself
		_, _ = c.Write(make([]byte, random.IntN(1000)))
		_, _ = io.Copy(io.Discard, readOnly{c})
	},
	func(*rand.Rand, duplex.Stream) {}, // says nothing and reads nothing
	func(_ *rand.Rand, c duplex.Stream) { // sends much, reads nothing, and says no more
		for range 200 {
			if _, err := c.Write(make([]byte, 10_000)); err != nil {
				return
			}
		}
	},
	func(random *rand.Rand, c duplex.Stream) { // closes with what was not read
		_, _ = c.Write(make([]byte, random.IntN(1000)))
		_ = c.Close()
	},
}

type readOnly struct{ io.Reader }

// Whatever the peers of many joins do, nothing may be left of those: goroutines,
// descriptors, the pipes of splice.
func TestJoinsLeaveNothingWhateverTheirPeersDo(t *testing.T) {
	duplextest.NoLeaks(t)
	seed := time.Now().UnixNano()
	if s := os.Getenv("DUPLEX_SEED"); s != "" {
		seed, _ = strconv.ParseInt(s, 10, 64)
	}
	t.Logf("replay: DUPLEX_SEED=%d", seed)
	var number atomic.Int64
	act := func(c duplex.Stream) {
		random := rand.New(rand.NewPCG(uint64(seed), uint64(number.Add(1))))
		conducts[random.IntN(len(conducts))](random, c)
	}
	const batch = 500
	batches := 2
	if full() {
		batches = 20
	}
	for i := range batches {
		path := ""
		if i%2 == 1 {
			path = filepath.Join(t.TempDir(), "s")
		}
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			t.Parallel() // mostly they wait
			leakBatch(t, batch, path, act)
		})
	}
}

// leakBatch runs that many joins at once, between TCP and, at a path, a Unix
// socket.
func leakBatch(t *testing.T, n int, path string, act func(duplex.Stream)) {
	var mu sync.Mutex
	var kept []duplex.Stream // until the joins are over
	keep := func(c duplex.Stream) {
		mu.Lock()
		defer mu.Unlock()
		kept = append(kept, c)
	}
	l, back := listen(t, path)
	backend(t, l, func(c duplex.Stream) {
		keep(c)
		act(c)
	})
	run := start(t, &relay.Relay{A: spec(t, "listen:tcp://127.0.0.1:0,fork,max=0,idle=300ms,linger=100ms"), B: spec(t, back)})
	url := <-run.url
	var ended atomic.Int64
	go func() {
		for range n {
			if err := <-run.failed; errors.Is(err, syscall.EMFILE) {
				t.Error(err)
			}
			ended.Add(1)
		}
	}()
	var clients sync.WaitGroup
	for range n {
		c, err := endpoint.Dial(t.Context(), url)
		if errors.Is(err, syscall.ECONNRESET) {
			continue // before the client knew that it was connected
		}
		if err != nil {
			t.Fatal(err)
		}
		keep(c)
		clients.Go(func() { act(c) })
	}
	eventually(t, "the joins to be over", func() bool { return ended.Load() == int64(n) })
	mu.Lock()
	for _, c := range kept {
		_ = c.Close()
	}
	mu.Unlock()
	clients.Wait()
	run.cancel()
	if err := <-run.done; err != nil {
		t.Error(err)
	}
}

func TestAPeerThatHalfClosesAndNeverEndsIsGoneAfterLinger(t *testing.T) {
	duplextest.NoLeaks(t)
	l, back := listen(t, "")
	hold := make(chan struct{})
	backend(t, l, func(c duplex.Stream) {
		<-hold
		_ = c.Close()
	})
	defer close(hold)
	r := start(t, &relay.Relay{A: spec(t, "listen:tcp://127.0.0.1:0,linger=50ms"), B: spec(t, back)})
	c := dial(t, <-r.url)
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if err := <-r.done; !errors.Is(err, duplex.ErrIdle) {
		t.Errorf("the join ended with %v", err)
	}
	if _, err := io.ReadAll(c); err == nil {
		t.Error("the client took that for an end")
	}
}

// The peers of many joins send without end, to peers that never read.
func TestPeersThatNeverReadCostARelayBoundedMemory(t *testing.T) {
	const joins = 64
	dir := t.TempDir()
	for name, set := range map[string]func(*relay.Relay){
		"plain":   func(*relay.Relay) {},
		"limited": func(r *relay.Relay) { r.MaxBytes = 1 << 40 },
	} {
		t.Run(name, func(t *testing.T) {
			duplextest.NoLeaks(t)
			l, back := listen(t, filepath.Join(dir, name+"back")) // a Unix socket holds little itself
			hold := make(chan struct{})
			backend(t, l, func(c duplex.Stream) {
				<-hold
				_ = c.Close()
			})
			r := &relay.Relay{A: spec(t, "listen:unix://"+filepath.Join(dir, name+"front")+",fork,max=0"), B: spec(t, back)}
			set(r)
			r.Grace = -1
			run := start(t, r)
			url := <-run.url
			var before, after runtime.MemStats
			runtime.GC()
			runtime.GC()
			runtime.ReadMemStats(&before)
			var sending sync.WaitGroup
			var sent atomic.Int64
			piece := make([]byte, 64<<10)
			var clients []duplex.Stream
			for range joins {
				c := dial(t, url)
				clients = append(clients, c)
				sending.Go(func() {
					for {
						n, err := c.Write(piece)
						sent.Add(int64(n))
						if err != nil {
							return
						}
					}
				})
			}
			last := int64(-1)
			eventually(t, "all to be stuck", func() bool {
				now := sent.Load()
				stuck := now == last && now >= joins*int64(len(piece))
				last = now
				time.Sleep(50 * time.Millisecond)
				return stuck
			})
			runtime.GC()
			runtime.ReadMemStats(&after)
			grown := int64(after.HeapAlloc) - int64(before.HeapAlloc)
			t.Logf("%d bytes a join", grown/joins)
			if most := int64(joins * (64<<10 + 24<<10)); grown > most {
				t.Errorf("%d joins hold %d bytes, more than %d", joins, grown, most)
			}
			close(hold)
			for _, c := range clients {
				_ = c.Close()
			}
			sending.Wait()
		})
	}
}
