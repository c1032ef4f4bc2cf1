package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/url"
	"sync"
)

// view has n look at an inspector's events, one of whom never reads; it returns
// what ends that.
func view(address string, n int) (stop func()) {
	u, err := url.Parse(address)
	if err != nil {
		log.Fatal(err)
	}
	var conns []net.Conn
	var reading sync.WaitGroup
	for i := range n {
		c, err := net.Dial("tcp", u.Host)
		if err != nil {
			log.Fatal(err)
		}
		conns = append(conns, c)
		if i == 0 {
			_ = c.(*net.TCPConn).SetReadBuffer(4096) // its server soon waits for it
		}
		_, err = fmt.Fprintf(c, "GET /events HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n\r\n", u.Host, u.Query().Get("token"))
		if err != nil {
			log.Fatal(err)
		}
		var first [12]byte
		if _, err := io.ReadFull(c, first[:]); err != nil || string(first[9:]) != "200" {
			log.Fatalf("the inspector answers %q, %v", first, err)
		}
		if i > 0 {
			reading.Go(func() { _, _ = io.Copy(io.Discard, c) })
		}
	}
	return func() {
		for _, c := range conns {
			_ = c.Close()
		}
		reading.Wait()
	}
}
