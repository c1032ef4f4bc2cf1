package main

import (
	"context"
	"fmt"
	"log"
	"net"

	"github.com/cloudwego/netpoll"
	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/internal/load"
)

// serve is what the child processes do.
func serve(role string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(l.Addr().(*net.TCPAddr).Port)
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
		loop, err := netpoll.NewEventLoop(reply)
		if err != nil {
			log.Fatal(err)
		}
		log.Fatal(loop.Serve(l))
	}
	log.Fatalf("no server is called %q", role)
}

// reply is netpoll's OnRequest: it is called whenever there is something to
// read, and sends it back without a copy where netpoll can.
func reply(_ context.Context, c netpoll.Connection) error {
	r, w := c.Reader(), c.Writer()
	p, err := r.Next(r.Len())
	if err != nil {
		return err
	}
	if _, err := w.WriteBinary(p); err != nil {
		return err
	}
	if err := w.Flush(); err != nil { // p has gone then, or the connection
		return err
	}
	return r.Release()
}
