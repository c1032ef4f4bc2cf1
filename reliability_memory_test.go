package duplex_test

import (
	"context"
	"errors"
	"net"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/duplextest"
)

// Peers that never read must cost a bounded amount of memory, whatever the
// source would give.
func TestR30_PeersThatNeverReadCostBoundedMemory(t *testing.T) {
	for name, test := range map[string]struct {
		marks   int64 // high-water marks that a peer may cost
		connect func(running *sync.WaitGroup) (source, silent *duplex.PairEnd)
	}{
		"join": {2, func(running *sync.WaitGroup) (source, silent *duplex.PairEnd) {
			source, near := duplex.Pair()
			far, silent := duplex.Pair()
			running.Go(func() { _, _ = duplex.Join(context.Background(), near, far) })
			return source, silent
		}},
		// Both directions of the stream, and what Data is still busy with, which
		// is all that a handler adds.
		"handler": {3, func(running *sync.WaitGroup) (source, silent *duplex.PairEnd) {
			source, near := duplex.Pair()
			c := duplex.Handle(near, duplex.Handler{Data: func(c *duplex.Conn, p []byte) { _, _ = c.Write(p) }})
			running.Go(func() { _ = c.Wait(context.Background()) })
			return source, source // what it sends comes back to it
		}},
	} {
		t.Run(name, func(t *testing.T) {
			duplextest.NoLeaks(t)
			peers := tenth(1000)
			var before, after runtime.MemStats
			runtime.GC()
			runtime.GC() // what the pools hold goes with the second, or would hide as much below
			runtime.ReadMemStats(&before)
			var sources, ends []*duplex.PairEnd
			var running sync.WaitGroup
			for range peers {
				source, silent := test.connect(&running)
				running.Go(func() {
					p := make([]byte, 4<<10)
					for {
						if _, err := source.Write(p); err != nil {
							return
						}
					}
				})
				sources, ends = append(sources, source), append(ends, source, silent)
			}
			// Every source is stuck once its own direction is full.
			for _, source := range sources {
				eventually(t, "the writer to wait", func() bool {
					_, out := source.Waiting()
					return out == duplex.DefaultHighWaterMark
				})
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			// R30 allows 32 MiB for a thousand peers beside the marks: buffers
			// that are begun and not full, and the streams themselves.
			most := int64(peers) * (test.marks*duplex.DefaultHighWaterMark + 32<<10)
			if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > most {
				t.Errorf("%d silent peers hold %d bytes, more than %d", peers, grown, most)
			}
			for _, e := range ends {
				_ = e.Close()
			}
			running.Wait()
		})
	}
}

// The same for a handler on sockets, where the kernel holds both directions.
func TestR30_SocketsWhosePeersNeverReadCostBoundedMemory(t *testing.T) {
	duplextest.NoLeaks(t)
	small := func(c *net.TCPConn) { // what the kernel holds is not the matter
		noError(t, errors.Join(c.SetReadBuffer(8<<10), c.SetWriteBuffer(8<<10)))
	}
	_, addr := startServer(t, &duplex.Server{Handler: duplex.Handler{
		Open: func(c *duplex.Conn) { small(c.Unwrap().(*net.TCPConn)) },
		Data: func(c *duplex.Conn, p []byte) { _, _ = c.Write(p) },
	}})
	peers := tenth(1000)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&before)
	var stuck sync.WaitGroup
	for range peers {
		c, err := net.Dial("tcp", addr)
		noError(t, err)
		small(c.(*net.TCPConn))
		stuck.Go(func() {
			p := make([]byte, 16<<10)
			for {
				_ = c.SetWriteDeadline(time.Now().Add(300 * time.Millisecond))
				if _, err := c.Write(p); err != nil {
					wantError(t, err, os.ErrDeadlineExceeded)
					return
				}
			}
		})
		defer c.Close()
	}
	stuck.Wait()
	runtime.GC()
	runtime.ReadMemStats(&after)
	most := int64(peers) * (2*duplex.DefaultHighWaterMark + 32<<10)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > most {
		t.Errorf("%d silent peers hold %d bytes, more than %d", peers, grown, most)
	} else {
		t.Logf("%d KiB for each of %d peers", grown/int64(peers)>>10, peers)
	}
}
