package page

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/compress"
	"github.com/duplex-go/duplex/deflate"
)

const gzipEnd = 500 * time.Millisecond

// Gzip runs the page's gzip stream and prints, in base64, what comes out of it.
func Gzip(out io.Writer) error {
	createGzip := compress.Gzip(compress.Options{
		Header: deflate.Header{OS: deflate.Darwin}, // the page was written on a Mac
	})

	gzipStream := duplex.Handle(createGzip.Stream(), duplex.Handler{
		Data: func(_ *duplex.Conn, data []byte) {
			base64Data := base64.StdEncoding.EncodeToString(data)
			fmt.Fprintln(out, "base64Data :", base64Data)
		},
	})
	io.WriteString(gzipStream, "a string here")
	gzipStream.After(gzipEnd, func() {
		io.WriteString(gzipStream, "another string here")
		gzipStream.CloseWrite()
	})
	return gzipStream.Wait(context.Background())
}
