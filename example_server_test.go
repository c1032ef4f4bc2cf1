package duplex_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"

	"github.com/duplex-go/duplex"
)

// An echo server as callbacks.
func ExampleServer() {
	server := &duplex.Server{Handler: duplex.Handler{
		Data: func(c *duplex.Conn, p []byte) { c.Write(p) },
	}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go server.Serve(l)
	defer server.Close()

	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "hello, server")
	conn.(*net.TCPConn).CloseWrite() // the server ends when we do
	answer, err := io.ReadAll(conn)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", answer)
	// Output: hello, server
}

// An echo server as a function, with a transform, in one line.
func ExampleServer_func() {
	upper := duplex.Map(bytes.ToUpper)
	server := &duplex.Server{Func: func(ctx context.Context, s duplex.Stream) error {
		return duplex.Pipeline(ctx, duplex.From(s), upper, duplex.To(s))
	}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go server.Serve(l)
	defer server.Close()

	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "hello")
	conn.(*net.TCPConn).CloseWrite()
	answer, err := io.ReadAll(conn)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", answer)
	// Output: HELLO
}

// Shutdown lets every conversation come to its end.
func ExampleServer_Shutdown() {
	server := &duplex.Server{Handler: duplex.Handler{
		Open:     func(c *duplex.Conn) { fmt.Fprintln(c, "welcome") },
		Shutdown: func(c *duplex.Conn) { fmt.Fprintln(c, "we are closing"); c.CloseWrite() },
	}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go server.Serve(l)

	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	p := make([]byte, len("welcome\n"))
	if _, err := io.ReadFull(conn, p); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s", p)

	down := make(chan error)
	go func() { down <- server.Shutdown(context.Background()) }()
	rest, err := io.ReadAll(conn)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s", rest)
	conn.Close()
	fmt.Println(<-down)
	// Output:
	// welcome
	// we are closing
	// <nil>
}
