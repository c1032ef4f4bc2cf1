package deflate_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"os"

	"github.com/duplex-go/duplex/deflate"
)

// Two members of gzip, "abc" and "def".
var twoMembers, _ = hex.DecodeString(
	"1f8b08000000000000134b4c4a0600c241243503000000" +
		"1f8b08000000000000134b494d030061e1c40c03000000")

func ExampleNewReader() {
	r, err := deflate.NewReader(bytes.NewReader(twoMembers), deflate.DecoderOptions{Format: deflate.Gzip})
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := io.ReadAll(r)
	fmt.Printf("%s %v\n", text, err)
	// Output: abcdef <nil>
}

func ExampleNewDecodeWriter() {
	w, err := deflate.NewDecodeWriter(os.Stdout, deflate.DecoderOptions{Format: deflate.Gzip})
	if err != nil {
		fmt.Println(err)
		return
	}
	w.Write(twoMembers[:13]) // all that can be decoded is on standard output now
	fmt.Println(" is there already")
	w.Write(twoMembers[13 : len(twoMembers)-1])
	fmt.Println("\n" + w.Close().Error())
	// Output:
	// ab is there already
	// cdef
	// deflate: gzip: unexpected end of input at input byte 45
}

func ExampleDecoder() {
	d, err := deflate.NewDecoder(deflate.DecoderOptions{Format: deflate.Gzip, Trailing: deflate.TrailingReturn})
	if err != nil {
		fmt.Println(err)
		return
	}
	room := make([]byte, 2)
	for src := twoMembers; ; {
		n, used, err := d.Decode(room, src)
		fmt.Printf("%q %v\n", room[:n], err)
		src = src[used:]
		if err == io.EOF {
			fmt.Println(len(src), "bytes follow the end")
			return
		}
	}
	// Output:
	// "ab" <nil>
	// "c" EOF
	// 23 bytes follow the end
}
