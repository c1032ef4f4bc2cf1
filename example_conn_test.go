package duplex_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"strings"
	"time"

	"github.com/duplex-go/duplex"
)

// A program as callbacks, none of which runs beside another.
func ExampleHandle() {
	client, server := duplex.Pair()
	conn := duplex.Handle(server, duplex.Handler{
		Open: func(c *duplex.Conn) { fmt.Fprintln(c, "welcome") },
		Data: func(c *duplex.Conn, p []byte) { fmt.Fprintf(c, "you said %q\n", p) },
		End:  func(c *duplex.Conn) { fmt.Fprintln(c, "bye") }, // then this side ends too
	})

	fmt.Fprint(client, "hello")
	client.CloseWrite()
	io.Copy(os.Stdout, client)
	fmt.Println(conn.Wait(context.Background()))
	// Output:
	// welcome
	// you said "hello"
	// bye
	// <nil>
}

// NewConn gives any stream counters and more.
func ExampleNewConn() {
	a, b := duplex.Pair()
	defer b.Close()
	conn := duplex.NewConn(a)
	defer conn.Close()

	fmt.Fprint(conn, "12345")
	fmt.Fprint(b, "123")
	io.ReadFull(conn, make([]byte, 3))
	fmt.Println(conn.BytesWritten(), "out", conn.BytesRead(), "in")
	// Output: 5 out 3 in
}

// The timer stops when this side ends.
func ExampleConn_Every() {
	a, b := duplex.Pair()
	defer b.Close()
	conn := duplex.NewConn(a)
	defer conn.Close()

	beats := 0
	conn.Every(time.Millisecond, func() {
		beats++
		fmt.Fprintln(conn, "beat", beats)
		if beats == 3 {
			conn.CloseWrite()
		}
	})
	io.Copy(os.Stdout, b)
	// Output:
	// beat 1
	// beat 2
	// beat 3
}

func ExampleConn_After() {
	a, b := duplex.Pair()
	defer b.Close()
	conn := duplex.NewConn(a)
	defer conn.Close()

	conn.After(time.Millisecond, func() {
		fmt.Fprintln(conn, "time is up")
		conn.CloseWrite()
	})
	io.Copy(os.Stdout, b)
	// Output: time is up
}

// Many small writes leave as one.
func ExampleConn_Cork() {
	a, b := duplex.Pair()
	defer b.Close()
	conn := duplex.NewConn(a)
	defer conn.Close()

	conn.Cork()
	fmt.Fprint(conn, "header ")
	fmt.Fprint(conn, "body")
	fmt.Println(conn.BytesWritten(), "bytes have left")
	if err := conn.Uncork(); err != nil {
		log.Fatal(err)
	}
	fmt.Println(conn.BytesWritten(), "bytes have left")
	// Output:
	// 0 bytes have left
	// 11 bytes have left
}

// Batch corks for the time of a function.
func ExampleConn_Batch() {
	a, b := duplex.Pair()
	defer b.Close()
	conn := duplex.NewConn(duplex.Wrap(a, duplex.Hooks{
		Write: func(p []byte) (int, error) {
			fmt.Printf("write %q\n", p)
			return a.Write(p)
		},
	}))
	defer conn.Close()

	err := conn.Batch(func() error {
		for i := range 3 {
			if _, err := fmt.Fprint(conn, i); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output: write "012"
}

// Look at what comes first and give it back, to find out who is speaking.
func ExampleConn_Unread() {
	a, b := duplex.Pair()
	fmt.Fprint(a, "GET / HTTP/1.1")
	a.Close()
	conn := duplex.NewConn(b)
	defer conn.Close()

	p := make([]byte, 4)
	if _, err := io.ReadFull(conn, p); err != nil {
		log.Fatal(err)
	}
	conn.Unread(p)
	if string(p) == "GET " {
		fmt.Println("this is HTTP")
	}
	all, err := io.ReadAll(conn)
	fmt.Println(string(all), err)
	// Output:
	// this is HTTP
	// GET / HTTP/1.1 <nil>
}

// One system call for all of it where the stream can, and never a copy.
func ExampleConn_WriteBuffers() {
	a, b := duplex.Pair()
	defer b.Close()
	conn := duplex.NewConn(a)

	n, err := conn.WriteBuffers([]byte("head "), []byte("and "), []byte("tail\n"))
	fmt.Println(n, err)
	conn.Close()
	io.Copy(os.Stdout, b)
	// Output:
	// 14 <nil>
	// head and tail
}

// Wait says how a stream ended: nil only if both directions did so in order.
func ExampleConn_Wait() {
	a, b := duplex.Pair()
	conn := duplex.NewConn(a)
	defer conn.Close()
	go func() {
		io.Copy(io.Discard, conn)
		conn.CloseWrite()
	}()
	b.Abort(errors.New("power failure"))

	fmt.Println(conn.Wait(context.Background()))
	// Output: duplex: stream aborted: power failure
}

// A net.Pipe has no half-close. As a stream it says so.
func ExampleFromConn() {
	a, b := net.Pipe()
	defer b.Close()
	s := duplex.FromConn(a)
	defer s.Close()

	err := s.CloseWrite()
	fmt.Println(errors.Is(err, duplex.ErrNoCloseWrite))
	// Output: true
}

func ExampleCanCloseWrite() {
	whole, _ := net.Pipe()
	half, _ := duplex.Pair()
	defer whole.Close()
	defer half.Close()

	fmt.Println(duplex.CanCloseWrite(duplex.FromConn(whole)))
	fmt.Println(duplex.CanCloseWrite(half))
	// Output:
	// false
	// true
}

// Two halves make a stream; standard input and output are such a couple.
func ExampleCombine() {
	in := strings.NewReader("what comes in goes out")
	out, sink := io.Pipe()
	s := duplex.Combine(in, sink)
	go func() {
		defer s.Close()
		io.Copy(s, s) // an echo
		s.CloseWrite()
	}()

	io.Copy(os.Stdout, out)
	// Output: what comes in goes out
}

// A wrapper that looks at what is written and leaves all else to the stream.
func ExampleWrap() {
	a, b := duplex.Pair()
	defer b.Close()
	logged := duplex.Wrap(a, duplex.Hooks{
		Write: func(p []byte) (int, error) {
			fmt.Printf("-> %s\n", p)
			return a.Write(p)
		},
		CloseWrite: func() error {
			fmt.Println("-> end")
			return a.CloseWrite()
		},
	})
	defer logged.Close()

	fmt.Fprint(logged, "hello")
	logged.CloseWrite()
	// Output:
	// -> hello
	// -> end
}
