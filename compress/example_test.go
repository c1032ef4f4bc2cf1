package compress_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"os"
	"strings"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/compress"
	"github.com/duplex-go/duplex/deflate"
)

// A transform alone is a stream: plain bytes are written, coded ones read. This
// is the page's gzip program, which ran on a Mac.
func ExampleGzip() {
	gzip := compress.Gzip(compress.Options{Header: deflate.Header{OS: deflate.Darwin}}).Stream()
	defer gzip.Close()
	go func() {
		io.WriteString(gzip, "a string here")
		gzip.Flush() // the page waits here; a flush brings out what it shows later
		io.WriteString(gzip, "another string here")
		gzip.CloseWrite()
	}()
	plain, err := io.ReadAll(compress.Gunzip(compress.DecoderOptions{}).Reader(gzip))
	fmt.Printf("%s %v\n", plain, err)
	// Output: a string hereanother string here <nil>
}

// A codec on a connection: both sides write and read plain bytes.
func ExampleGzipCodec() {
	near, far := duplex.Pair() // or a TCP connection's two ends
	codec := compress.GzipCodec(compress.Options{}, compress.DecoderOptions{})
	client, server := duplex.Layer(near, codec), duplex.Layer(far, codec)
	client.AutoFlush, server.AutoFlush = true, true
	go func() {
		defer server.Close()
		for chunk, err := range duplex.Chunks(server) {
			if err != nil {
				return
			}
			server.Write(bytes.ToUpper(chunk))
		}
		server.CloseWrite()
	}()
	defer client.Close()
	io.WriteString(client, "starting client")
	client.CloseWrite()
	io.Copy(os.Stdout, client)
	// Output: STARTING CLIENT
}

// A transform as a stage of a pipeline.
func ExampleGunzip() {
	coded, _ := base64.StdEncoding.DecodeString("H4sIAAAAAAAAE0tUKC4pysxLV8hILUpNzMsvAdLIQgAPKzGcIAAAAA==")
	err := duplex.Pipeline(context.Background(),
		duplex.From(bytes.NewReader(coded)),
		compress.Gunzip(compress.DecoderOptions{MaxOutput: 1 << 20}),
		duplex.Map(bytes.ToUpper),
		duplex.Sink{Writer: os.Stdout, KeepOpen: true})
	if err != nil {
		log.Fatal(err)
	}
	// Output: A STRING HEREANOTHER STRING HERE
}

// Data that is at hand as a whole.
func ExampleDecompress() {
	coded, err := compress.Compress(compress.Zstd(compress.ZstdOptions{}), []byte(strings.Repeat("again ", 1000)))
	if err != nil {
		log.Fatal(err)
	}
	plain, err := compress.Decompress(compress.Unzstd(compress.UnzstdOptions{}), coded, 10_000)
	fmt.Println(len(coded) < 50, len(plain), err)
	_, err = compress.Decompress(compress.Unzstd(compress.UnzstdOptions{}), coded, 5000)
	fmt.Println(err)
	// Output:
	// true 6000 <nil>
	// deflate: decoded data exceeds the limit
}

// Every member of a gzip stream with its header.
func ExampleMembers() {
	var files bytes.Buffer
	for _, name := range []string{"a.txt", "b.txt"} {
		w := compress.Gzip(compress.Options{Header: deflate.Header{Name: name}}).Writer(&files)
		fmt.Fprintf(w, "the text of %s", name)
		w.Close()
	}
	for member, err := range compress.Members(&files, compress.DecoderOptions{}) {
		if err != nil {
			log.Fatal(err)
		}
		text, _ := io.ReadAll(member)
		fmt.Printf("%s: %s\n", member.Header.Name, text)
	}
	// Output:
	// a.txt: the text of a.txt
	// b.txt: the text of b.txt
}

// A live stream can be flushed in any manner, and its level changed.
func ExampleParams() {
	s := compress.Deflate(compress.Options{}).Stream()
	defer s.Close()
	io.WriteString(s, "text")
	compress.Flush(s, deflate.FullFlush)
	compress.Params(s, deflate.Stored, deflate.DefaultStrategy)
	io.WriteString(s, "incompressible")
	stats, err := compress.EncoderStats(s)
	s.CloseWrite()
	coded, _ := io.ReadAll(s)
	fmt.Println(stats.In, err, bytes.Contains(coded, []byte("incompressible")))
	// Output: 18 <nil> true
}
