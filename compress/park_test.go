package compress_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/compress"
	"github.com/duplex-go/duplex/deflate"
)

func TestAParkedEncoderGoesOnWithTheSameStream(t *testing.T) {
	rnd := rand.New(rand.NewPCG(21, 22))
	kinds := []deflate.Flush{deflate.SyncFlush, deflate.FullFlush, deflate.PartialFlush, deflate.BlockFlush}
	for range messages(30) {
		o := compress.Options{Park: 1 + rnd.IntN(1<<15), Level: deflate.Level(1 + rnd.IntN(9)), Flush: kinds[rnd.IntN(4)]}
		f := formatNamed(t, []string{"gzip", "deflate dict", "rawdeflate dict"}[rnd.IntN(3)])
		var tr duplex.Transform
		switch f.name {
		case "gzip":
			tr = compress.Gzip(o)
		case "deflate dict":
			o.Dict = testDict
			tr = compress.Deflate(o)
		default:
			o.Dict = testDict
			tr = compress.RawDeflate(o)
		}
		source := text(200_000)
		var in, out bytes.Buffer
		w := tr.Writer(&out).(writeFlusher)
		for range 20 {
			at := rnd.IntN(len(source) - 50_000)
			p := source[at : at+rnd.IntN([]int{10, 1000, 50_000}[rnd.IntN(3)])]
			in.Write(p)
			_, _ = w.Write(p)
			var err error
			switch rnd.IntN(4) {
			case 0:
				err = w.Flush()
			case 1:
				err = compress.Flush(w, kinds[rnd.IntN(4)])
			case 2:
				err = compress.Params(w, deflate.Level(rnd.IntN(10)), deflate.Strategy(rnd.IntN(5)))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if got, err := decoded(f.decode(guard{}), &out); err != nil || !bytes.Equal(got, in.Bytes()) {
			t.Fatalf("%+v, %s: %d bytes of %d, %v", o, f.name, len(got), in.Len(), err)
		}
	}
}

func TestAParkedEncoderWritesZlibsBytesUpToTheFirstFlush(t *testing.T) {
	data := text(100_000)
	for _, o := range []compress.Options{{}, {Level: 9, Header: deflate.Header{Name: "x", CRC: true}}, {WindowBits: 10, MemLevel: 2}} {
		var plain, parked bytes.Buffer
		w := compress.Gzip(o).Writer(&plain).(writeFlusher)
		o.Park = 1000
		p := compress.Gzip(o).Writer(&parked).(writeFlusher)
		for _, z := range []writeFlusher{w, p} {
			_, _ = z.Write(data)
			_ = z.Flush()
		}
		if !bytes.Equal(plain.Bytes(), parked.Bytes()) {
			t.Errorf("%+v: %d bytes, zlib writes %d", o, parked.Len(), plain.Len())
		}
		_, _ = w.Close(), p.Close()
	}
}

// What is kept is worth having: the same message again is a few bytes.
func TestAParkedEncoderRemembers(t *testing.T) {
	message := noise(1000)
	sizes := make(map[int]int)
	for _, park := range []int{1, 2000} {
		var out bytes.Buffer
		w := compress.Gzip(compress.Options{Park: park}).Writer(&out).(writeFlusher)
		for range 2 {
			_, _ = w.Write(message)
			_ = w.Flush()
		}
		sizes[park] = out.Len()
		_ = w.Close()
	}
	if sizes[1] < 2000 || sizes[2000] > 1100 {
		t.Errorf("twice the same 1,000 bytes: %d with one byte kept, %d with 2,000", sizes[1], sizes[2000])
	}
}
