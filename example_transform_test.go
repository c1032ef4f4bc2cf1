package duplex_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"log"
	"os"
	"strings"

	"github.com/duplex-go/duplex"
)

// Any encoder of Go's ecosystem is a transform.
func ExampleEncoder() {
	compress := duplex.Encoder(gzip.NewWriter)

	var out bytes.Buffer
	w := compress.Writer(&out)
	fmt.Fprint(w, strings.Repeat("easy to squeeze ", 1000))
	if err := w.Close(); err != nil { // writes the trailer
		log.Fatal(err)
	}
	fmt.Println(out.Len() < 200)
	// Output: true
}

// A decoder that reads its header when it is made can fail then.
func ExampleTryDecoder() {
	decompress := duplex.TryDecoder(gzip.NewReader)

	r := decompress.Reader(strings.NewReader("this is no gzip stream"))
	defer r.Close()
	_, err := io.ReadAll(r)
	fmt.Println(err)
	// Output: gzip: invalid header
}

func ExampleMap() {
	upper := duplex.Map(bytes.ToUpper)

	w := upper.Writer(os.Stdout)
	fmt.Fprintln(w, "quiet please")
	w.Close()
	// Output: QUIET PLEASE
}

// What goes in passes the first transform first.
func ExampleCompose() {
	pack := duplex.Compose(duplex.Map(bytes.ToUpper), duplex.Encoder(gzip.NewWriter))
	unpack := duplex.TryDecoder(gzip.NewReader)

	r := unpack.Reader(pack.Reader(strings.NewReader("packed")))
	defer r.Close()
	out, err := io.ReadAll(r)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", out)
	// Output: PACKED
}

// A transform alone is a stream: write in, read out.
func ExampleTransform_Stream() {
	s := duplex.Compose(duplex.Encoder(gzip.NewWriter), duplex.TryDecoder(gzip.NewReader)).Stream()
	defer s.Close()

	fmt.Fprint(s, "there and back")
	s.Flush() // the encoder may hold bytes back
	p := make([]byte, 64)
	n, err := s.Read(p)
	fmt.Printf("%s %v\n", p[:n], err)

	fmt.Fprint(s, ", and the rest")
	s.CloseWrite() // writes the trailer too
	rest, err := io.ReadAll(s)
	fmt.Printf("%s %v\n", rest, err)
	// Output:
	// there and back <nil>
	// , and the rest <nil>
}

func ExampleTransform_Writer() {
	brackets := duplex.Map(func(p []byte) []byte { return fmt.Appendf(nil, "[%s]", p) })

	w := brackets.Writer(os.Stdout)
	fmt.Fprint(w, "one")
	fmt.Fprint(w, "two")
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}
	// Output: [one][two]
}

// An encoder works on what is read, too, without a goroutine.
func ExampleTransform_Reader() {
	compressed := duplex.Encoder(gzip.NewWriter).Reader(strings.NewReader("read me"))
	defer compressed.Close()

	plain, err := gzip.NewReader(compressed)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := io.Copy(os.Stdout, plain); err != nil {
		log.Fatal(err)
	}
	// Output: read me
}

// Both peers put the same codec on their side of a connection.
func ExampleLayer() {
	squeeze := duplex.Codec{
		Encode: duplex.Encoder(gzip.NewWriter),
		Decode: duplex.TryDecoder(gzip.NewReader),
	}
	a, b := duplex.Pair()
	client, server := duplex.Layer(a, squeeze), duplex.Layer(b, squeeze)
	defer client.Close()
	defer server.Close()

	fmt.Fprint(client, "ping")
	if err := client.Flush(); err != nil { // the server is to get it now
		log.Fatal(err)
	}
	p := make([]byte, 64)
	n, err := server.Read(p)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", p[:n])

	server.AutoFlush = true // flushes after every write
	fmt.Fprint(server, "pong")
	n, err = client.Read(p)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", p[:n])
	// Output:
	// ping
	// pong
}

// A connection that is cut without the codec's trailer has not ended.
func ExampleLayer_cut() {
	a, b := duplex.Pair()
	defer b.Close()
	l := duplex.Layer(b, duplex.Codec{Decode: duplex.TryDecoder(gzip.NewReader)})

	w := gzip.NewWriter(a)
	fmt.Fprint(w, "all of")
	w.Flush()
	a.CloseWrite() // but w was not closed

	got, err := io.ReadAll(l)
	fmt.Printf("%s: %v\n", got, err)
	// Output: all of: unexpected EOF
}

// Inverse decodes what is written and encodes what is read.
func ExampleCodec_Inverse() {
	shout := duplex.Codec{
		Encode: duplex.Map(bytes.ToUpper),
		Decode: duplex.Map(bytes.ToLower),
	}
	fmt.Fprintln(shout.Encode.Writer(os.Stdout), "Up")
	fmt.Fprintln(shout.Inverse().Encode.Writer(os.Stdout), "Down")
	// Output:
	// UP
	// down
}
