package duplex_test

import (
	"context"
	"net"
	"runtime"
	"sync"
	"testing"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/duplextest"
)

// A joined pair that has nothing to say holds no buffers, after it has spoken
// too: at most 24 KiB of heap, its four connections and their test included
// (R32).
func TestR32_IdleJoinedPairsHoldLittle(t *testing.T) {
	duplextest.NoLeaks(t)
	pairs := 1000
	if fullRun() {
		pairs = 4000 // four descriptors each
	}
	var joined sync.WaitGroup
	ctx, end := context.WithCancel(context.Background())
	defer joined.Wait()
	defer end()
	l := listenTCP(t)
	ends := func() (a, b duplex.Stream) {
		x, err := net.Dial("tcp", l.Addr().String())
		noError(t, err)
		y, err := l.Accept()
		noError(t, err)
		return x.(*net.TCPConn), y.(*net.TCPConn)
	}
	before := heapInUse()
	for range pairs {
		a, nearA := ends()
		nearB, b := ends()
		joined.Go(func() { _, _ = duplex.Join(ctx, nearA, nearB) })
		send(t, a, "question")
		receive(t, b, "question")
		send(t, b, "answer")
		receive(t, a, "answer")
		defer a.Close()
		defer b.Close()
	}
	held := (heapInUse() - before) / int64(pairs)
	t.Logf("%d bytes a pair", held)
	if held > 24<<10 {
		t.Errorf("an idle pair holds %d bytes", held)
	}
}

// heapInUse returns how much is allocated once the pools are empty.
func heapInUse() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
