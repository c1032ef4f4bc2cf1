package main

import (
	"context"
	"log"

	"github.com/cloudwego/netpoll"
	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/bench/peer"
	"github.com/duplex-go/duplex/bench/program"
	"github.com/duplex-go/duplex/internal/load"
)

// serve is what the child processes do.
func serve(role string) {
	l := program.Listen()
	switch role {
	case "net":
		log.Fatal(load.Bare{}.Serve(l))
	case "handler":
		s := duplex.Server{Handler: duplex.Handler{
			Data: func(c *duplex.Conn, p []byte) { _, _ = c.Write(p) },
		}}
		log.Fatal(s.Serve(l))
	case "func":
		s := duplex.Server{Func: func(ctx context.Context, s duplex.Stream) error {
			for p, err := range duplex.Chunks(s) {
				if err == nil {
					_, err = s.Write(p)
				}
				if err != nil {
					return err
				}
			}
			return nil
		}}
		log.Fatal(s.Serve(l))
	case "netpoll":
		loop, err := netpoll.NewEventLoop(func(_ context.Context, c netpoll.Connection) error { return peer.Reply(c) })
		if err != nil {
			log.Fatal(err)
		}
		log.Fatal(loop.Serve(l))
	}
	log.Fatalf("no server is called %q", role)
}
