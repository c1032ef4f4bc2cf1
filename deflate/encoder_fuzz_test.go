package deflate_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/duplex-go/duplex/deflate"
)

// FuzzEncoder writes the input with random options, cuts, flushes and changes
// of parameters drawn from seed, and reads it back with the standard library.
// An input is cut to what fills a window and a little: what more there is
// makes it slow and shows nothing new.
func FuzzEncoder(f *testing.F) {
	f.Add(uint64(1), []byte("the first seed, the first seed"))
	f.Fuzz(func(t *testing.T, seed uint64, data []byte) {
		data = data[:min(len(data), 40<<10)]
		r := rand.New(rand.NewPCG(seed, 23))
		o := makeOptions(r)
		if o.Format != deflate.Gzip && r.IntN(3) == 0 {
			o.Dict = bytes.Clone(data[:r.IntN(len(data)+1)])
		}
		var b bytes.Buffer
		z, err := deflate.NewWriter(&b, o)
		if err != nil {
			t.Fatal(err)
		}
		for left := data; len(left) > 0; {
			n := 1 + r.IntN(len(left))
			if _, err := z.Write(left[:n]); err != nil {
				t.Fatal(err)
			}
			left = left[n:]
			switch r.IntN(4) {
			case 0:
				err = z.Flush([]deflate.Flush{deflate.PartialFlush, deflate.SyncFlush, deflate.FullFlush, deflate.BlockFlush}[r.IntN(4)])
			case 1:
				err = z.Params(makeLevel(r), deflate.Strategy(r.IntN(5)))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		got, err := decode(o, b.Bytes())
		if err != nil || !bytes.Equal(got, data) {
			t.Fatalf("%+v: wrote %d bytes, read back %d: %v", o, len(data), len(got), err)
		}
	})
}
