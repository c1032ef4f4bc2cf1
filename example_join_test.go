package duplex_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"time"

	"github.com/duplex-go/duplex"
)

// Everything that a proxy does with its two connections.
func ExampleJoin() {
	client, front := duplex.Pair()
	back, server := duplex.Pair()
	go func() {
		defer server.Close()
		request, err := io.ReadAll(server) // the client's end comes through
		if err != nil {
			log.Print(err)
			return
		}
		fmt.Fprintf(server, "got %d bytes", len(request))
	}()
	fmt.Fprint(client, "a request")
	client.CloseWrite()

	result, err := duplex.Join(context.Background(), front, back)
	if err != nil {
		log.Fatal(err)
	}
	answer, err := io.ReadAll(client)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", answer)
	fmt.Println("to the server:", result.AB.Bytes, result.AB.Reason)
	fmt.Println("to the client:", result.BA.Bytes, result.BA.Reason)
	// Output:
	// got 9 bytes
	// to the server: 9 ended
	// to the client: 11 ended
}

// A TCP proxy.
func ExampleJoin_proxy() {
	backend, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	greeter := &duplex.Server{Func: func(ctx context.Context, s duplex.Stream) error {
		name, err := io.ReadAll(s)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(s, "good day, %s", name)
		return err
	}}
	go greeter.Serve(backend)
	defer greeter.Close()

	proxy := &duplex.Server{Func: func(ctx context.Context, s duplex.Stream) error {
		target, err := net.Dial("tcp", backend.Addr().String())
		if err != nil {
			return err
		}
		_, err = duplex.Join(ctx, s, duplex.FromConn(target))
		return err
	}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go proxy.Serve(l)
	defer proxy.Close()

	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "Gopher")
	conn.(*net.TCPConn).CloseWrite()
	answer, err := io.ReadAll(conn)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", answer)
	// Output: good day, Gopher
}

// A peer that goes silent after the other side has ended does not hold a join
// for ever.
func ExampleJoiner_linger() {
	client, front := duplex.Pair()
	back, silent := duplex.Pair()
	defer silent.Close()
	client.CloseWrite()

	j := duplex.Joiner{Linger: 5 * time.Millisecond}
	_, err := j.Join(context.Background(), front, back)
	fmt.Println(errors.Is(err, duplex.ErrIdle))

	_, err = client.Read(make([]byte, 1)) // a cut is never an end
	fmt.Println(errors.Is(err, duplex.ErrAborted))
	// Output:
	// true
	// true
}

// How much has moved so far, while a join runs.
func ExampleTraffic() {
	client, front := duplex.Pair()
	back, server := duplex.Pair()
	var traffic duplex.Traffic
	joined := make(chan error)
	go func() {
		_, err := duplex.Joiner{Traffic: &traffic}.Join(context.Background(), front, back)
		joined <- err
	}()

	fmt.Fprint(client, "12345")
	io.ReadFull(server, make([]byte, 5))
	client.Close()
	server.Close()
	if err := <-joined; err != nil {
		log.Fatal(err)
	}
	fmt.Println(traffic.AB(), traffic.BA())
	// Output: 5 0
}
