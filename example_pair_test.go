package duplex_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/duplex-go/duplex"
)

// One side asks and ends; the other answers after that end.
func ExamplePair() {
	client, server := duplex.Pair()
	go func() {
		defer server.Close()
		question, err := io.ReadAll(server) // until the client ends
		if err != nil {
			log.Print(err)
			return
		}
		fmt.Fprintf(server, "you said %q", question)
	}()

	fmt.Fprint(client, "hello")
	if err := client.CloseWrite(); err != nil { // the other direction goes on
		log.Fatal(err)
	}
	answer, err := io.ReadAll(client)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", answer)
	// Output: you said "hello"
}

// A writer waits once as many bytes wait for the reader as the high-water mark
// allows.
func ExamplePairConfig() {
	a, b := duplex.PairConfig{HighWaterMark: 4}.Pair()
	go func() {
		defer a.Close()
		fmt.Fprint(a, "drop by drop") // returns when the last 4 bytes wait
	}()

	p := make([]byte, 64)
	n, err := b.Read(p)
	fmt.Printf("%q %v\n", p[:n], err)

	rest, err := io.ReadAll(b)
	fmt.Printf("%q %v\n", rest, err)
	b.Close()
	// Output:
	// "drop" <nil>
	// " by drop" <nil>
}

// An abort is an error for the peer, never an end, and says why.
func ExamplePairEnd_Abort() {
	a, b := duplex.Pair()
	defer b.Close()

	fmt.Fprint(a, "half of it")
	a.Abort(errors.New("disk full"))

	got, err := io.ReadAll(b)
	fmt.Printf("%s, then %v\n", got, err)
	// Output: half of it, then duplex: stream aborted: disk full
}

func ExampleAbort() {
	a, b := duplex.Pair()
	defer b.Close()

	cause := errors.New("out of paper")
	if err := duplex.Abort(a, cause); err != nil { // any stream
		log.Fatal(err)
	}

	_, err := b.Read(make([]byte, 1))
	fmt.Println(errors.Is(err, duplex.ErrAborted), errors.Is(err, cause))
	// Output: true true
}

// Shutdown says goodbye: it ends this side and reads on until the peer has
// ended too.
func ExampleShutdown() {
	a, b := duplex.Pair()
	go func() {
		io.Copy(os.Stdout, b) // until a ends
		fmt.Fprint(b, "a last word that nobody reads")
		b.Close()
	}()

	fmt.Fprintln(a, "bye")
	fmt.Println(duplex.Shutdown(context.Background(), a))
	// Output:
	// bye
	// <nil>
}

// Chunks reads whatever arrives, piece by piece.
func ExampleChunks() {
	a, b := duplex.Pair()
	go func() {
		fmt.Fprint(a, "piece by piece")
		a.Close()
	}()

	size := 0
	for chunk, err := range duplex.Chunks(b) {
		if err != nil {
			log.Fatal(err)
		}
		size += len(chunk)
	}
	fmt.Println(size, "bytes until the end")
	b.Close()
	// Output: 14 bytes until the end
}
