package duplex_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strings"

	"github.com/duplex-go/duplex"
)

// From a reader through transforms to a writer.
func ExamplePipeline() {
	err := duplex.Pipeline(context.Background(),
		duplex.From(strings.NewReader("through and through\n")),
		duplex.Encoder(gzip.NewWriter),
		duplex.TryDecoder(gzip.NewReader),
		duplex.Map(bytes.ToUpper),
		duplex.Sink{Writer: os.Stdout, KeepOpen: true},
	)
	if err != nil {
		log.Fatal(err)
	}
	// Output: THROUGH AND THROUGH
}

// An echo: the same stream at both ends.
func ExamplePipeline_echo() {
	client, server := duplex.Pair()
	echoed := make(chan error)
	go func() {
		defer server.Close()
		echoed <- duplex.Pipeline(context.Background(), duplex.From(server), duplex.To(server))
	}()

	fmt.Fprint(client, "is anybody there?")
	client.CloseWrite()
	answer, err := io.ReadAll(client)
	fmt.Println(string(answer), err, <-echoed)
	// Output: is anybody there? <nil> <nil>
}

// The error says which stage failed, and errors.As and errors.Is see through
// it.
func ExampleStageError() {
	err := duplex.Pipeline(context.Background(),
		duplex.From(strings.NewReader("this is no gzip stream")),
		duplex.TryDecoder(gzip.NewReader).Named("gunzip"),
		duplex.To(io.Discard),
	)
	var stage *duplex.StageError
	if errors.As(err, &stage) {
		fmt.Println("stage", stage.Index, stage.Name)
	}
	fmt.Println(errors.Is(err, gzip.ErrHeader))
	// Output:
	// stage 1 gunzip
	// true
}

// A function as a stage reads what comes and writes what goes on.
func ExampleStageFunc() {
	number := func(ctx context.Context, r io.Reader, w io.Writer) error {
		lines := bufio.NewScanner(r)
		for n := 1; lines.Scan(); n++ {
			if _, err := fmt.Fprintf(w, "%d %s\n", n, lines.Text()); err != nil {
				return err
			}
		}
		return lines.Err()
	}
	err := duplex.Pipeline(context.Background(),
		duplex.From(strings.NewReader("a\nb\nc\n")),
		duplex.StageFunc(number),
		duplex.Sink{Writer: os.Stdout, KeepOpen: true},
	)
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 1 a
	// 2 b
	// 3 c
}

// A stream in the middle: what comes is written to it, and what it answers
// goes on.
func ExampleVia() {
	near, far := duplex.Pair()
	go func() { // a service that reverses what it gets
		defer far.Close()
		p, err := io.ReadAll(far)
		if err != nil {
			log.Print(err)
			return
		}
		for i := range p {
			fmt.Fprintf(far, "%c", p[len(p)-1-i])
		}
	}()

	err := duplex.Pipeline(context.Background(),
		duplex.From(strings.NewReader("stressed")),
		duplex.Via(near),
		duplex.Sink{Writer: os.Stdout, KeepOpen: true},
	)
	if err != nil {
		log.Fatal(err)
	}
	// Output: desserts
}

// A live source has its bytes come out although the codec would wait for more.
func ExampleSource_live() {
	client, server := duplex.Pair()
	received, sink := duplex.Pair()
	done := make(chan error)
	go func() {
		done <- duplex.Pipeline(context.Background(),
			duplex.Source{Reader: server, Live: true},
			duplex.Encoder(gzip.NewWriter),
			duplex.To(sink),
		)
	}()

	fmt.Fprint(client, "now") // and no end
	plain := duplex.TryDecoder(gzip.NewReader).Reader(received)
	defer plain.Close()
	p := make([]byte, 3)
	if _, err := io.ReadFull(plain, p); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", p)

	client.Close()
	fmt.Println(<-done)
	// Output:
	// now
	// <nil>
}
