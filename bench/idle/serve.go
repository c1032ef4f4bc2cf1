package main

import (
	"context"
	"io"
	"log"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/cloudwego/netpoll"
	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/bench/peer"
	"github.com/duplex-go/duplex/bench/program"
	"github.com/duplex-go/duplex/internal/load"
)

// serve is what the child processes do.
func serve(role string) {
	ms, err := strconv.Atoi(os.Getenv(beatVariable))
	if err != nil {
		log.Fatal(err)
	}
	period := time.Duration(ms) * time.Millisecond
	l, err := secured(program.Listen())
	if err != nil {
		log.Fatal(err)
	}
	switch role {
	case "duplex":
		s := duplex.Server{MaxConns: -1, Handler: duplex.Handler{
			Open: func(c *duplex.Conn) { c.Every(period, func() { _, _ = io.WriteString(c, "b") }) },
			Data: func(c *duplex.Conn, p []byte) { _, _ = c.Write(p) },
		}}
		log.Fatal(s.Serve(l))
	case "netpoll":
		loop, err := netpoll.NewEventLoop(reply, netpoll.WithOnPrepare(beat(period)))
		if err != nil {
			log.Fatal(err)
		}
		log.Fatal(loop.Serve(l))
	case "net":
		log.Fatal(load.Bare{Buffer: 4 << 10, Beat: period}.Serve(l))
	}
	log.Fatalf("no server is called %q", role)
}

// turns is the key of the lock that a netpoll connection's callbacks share: its
// writer may be used by one goroutine at a time.
type turns struct{}

// beat is netpoll's OnPrepare: it arms a timer, which needs no goroutine between
// its beats, until the connection closes.
func beat(period time.Duration) netpoll.OnPrepare {
	return func(c netpoll.Connection) context.Context {
		mu := new(sync.Mutex)
		var t *time.Timer
		mu.Lock()
		t = time.AfterFunc(period, func() {
			mu.Lock()
			defer mu.Unlock()
			if !c.IsActive() {
				return
			}
			if _, err := c.Write([]byte{'b'}); err == nil {
				t.Reset(period)
			}
		})
		mu.Unlock()
		_ = c.AddCloseCallback(func(netpoll.Connection) error {
			t.Stop()
			return nil
		})
		return context.WithValue(context.Background(), turns{}, mu)
	}
}

// reply is netpoll's OnRequest: it sends back what there is to read.
func reply(ctx context.Context, c netpoll.Connection) error {
	mu := ctx.Value(turns{}).(*sync.Mutex)
	mu.Lock()
	defer mu.Unlock()
	return peer.Reply(c)
}
