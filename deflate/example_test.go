package deflate_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"os"

	"github.com/duplex-go/duplex/deflate"
)

func ExampleNewWriter() {
	out := base64.NewEncoder(base64.StdEncoding, os.Stdout)
	z, err := deflate.NewWriter(out, deflate.Options{
		Format: deflate.Gzip,
		Header: deflate.Header{OS: deflate.Darwin},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	io.WriteString(z, "a string here")
	io.WriteString(z, "another string here")
	z.Close()
	out.Close()
	// Output:
	// H4sIAAAAAAAAE0tUKC4pysxLV8hILUpNzMsvAdLIQgAPKzGcIAAAAA==
}

func ExampleWriter_Flush() {
	var n counter
	z, err := deflate.NewWriter(&n, deflate.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	io.WriteString(z, "nothing comes out yet")
	fmt.Println(n, "bytes before the flush")
	z.Flush(deflate.SyncFlush)
	fmt.Println(n, "bytes after it")
	z.Flush(deflate.SyncFlush)
	fmt.Println(n, "bytes after another, with nothing written in between")
	// Output:
	// 0 bytes before the flush
	// 27 bytes after it
	// 27 bytes after another, with nothing written in between
}

// counter counts what is written to it.
type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
