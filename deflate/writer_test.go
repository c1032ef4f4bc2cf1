package deflate_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"errors"
	"flag"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/duplex-go/duplex/deflate"
)

var messages = flag.Int("messages", 20000, "messages of the round trip test; the nightly run has 1000000")

// decode reads back what o's Writer wrote, with the standard library.
func decode(o deflate.Options, b []byte) ([]byte, error) {
	switch o.Format {
	case deflate.Zlib:
		r, err := zlib.NewReaderDict(bytes.NewReader(b), o.Dict)
		if err != nil {
			return nil, err
		}
		return io.ReadAll(r)
	case deflate.Gzip:
		r, err := gzip.NewReader(bytes.NewReader(b))
		if err != nil {
			return nil, err
		}
		return io.ReadAll(r)
	}
	return io.ReadAll(flate.NewReaderDict(bytes.NewReader(b), o.Dict))
}

// encode compresses data in one write.
func encode(t testing.TB, o deflate.Options, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z, err := deflate.NewWriter(&b, o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestWriter_PageExample_HeaderAtOnceAndZlibsBytes is the page's gzip stream.
func TestWriter_PageExample_HeaderAtOnceAndZlibsBytes(t *testing.T) {
	var b bytes.Buffer
	z, err := deflate.NewWriter(&b, deflate.Options{Format: deflate.Gzip, Header: deflate.Header{OS: deflate.Darwin}})
	if err != nil {
		t.Fatal(err)
	}
	if b.Len() != 0 {
		t.Errorf("NewWriter wrote %d bytes", b.Len())
	}
	io.WriteString(z, "a string here")
	first := base64.StdEncoding.EncodeToString(b.Bytes())
	b.Reset()
	io.WriteString(z, "another string here")
	z.Close()
	rest := base64.StdEncoding.EncodeToString(b.Bytes())
	if want := "H4sIAAAAAAAAEw=="; first != want {
		t.Errorf("after the first Write %s, want %s", first, want)
	}
	if want := "S1QoLinKzEtXyEgtSk3Myy8B0shCAA8rMZwgAAAA"; rest != want {
		t.Errorf("at Close %s, want %s", rest, want)
	}
}

// TestWriter_GzipFields_AreReadBack writes every field of a header.
func TestWriter_GzipFields_AreReadBack(t *testing.T) {
	when := time.Unix(1_700_000_000, 0)
	o := deflate.Options{Format: deflate.Gzip, Header: deflate.Header{Name: "naïve.txt", Comment: "a note", Extra: []byte{1, 2, 3}, ModTime: when, OS: deflate.FAT, Text: true, CRC: true}}
	r, err := gzip.NewReader(bytes.NewReader(encode(t, o, []byte("x"))))
	if err != nil {
		t.Fatal(err)
	}
	if r.Name != o.Header.Name || r.Comment != o.Header.Comment || !bytes.Equal(r.Extra, o.Header.Extra) || !r.ModTime.Equal(when) || r.OS != 0 {
		t.Errorf("read back %+v", r.Header)
	}
	if data, err := io.ReadAll(r); err != nil || string(data) != "x" {
		t.Errorf("%q, %v", data, err)
	}
}

// TestNewWriter_BadOptions_AreRefused lists what zlib refuses too.
func TestNewWriter_BadOptions_AreRefused(t *testing.T) {
	for _, o := range []deflate.Options{
		{Level: 10}, {Level: -2}, {Strategy: 5}, {MemLevel: 10}, {MemLevel: -1},
		{WindowBits: 16}, {WindowBits: 8}, {WindowBits: 8, Format: deflate.Gzip}, {WindowBits: 7, Format: deflate.Zlib},
		{Format: deflate.Auto}, {Format: deflate.Gzip, Dict: []byte("d")}, {Parallel: -1},
		{Format: deflate.Gzip, Header: deflate.Header{Name: "a\x00b"}},
		{Format: deflate.Gzip, Header: deflate.Header{Comment: "\u20ac"}},
		{Format: deflate.Gzip, Header: deflate.Header{Extra: make([]byte, 65536)}},
		{Format: deflate.Gzip, Header: deflate.Header{OS: 256}},
	} {
		if _, err := deflate.NewWriter(io.Discard, o); err == nil || !strings.HasPrefix(err.Error(), "deflate: ") {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

// failing accepts so many bytes and then fails.
type failing struct{ left int }

var errFull = errors.New("full")

func (f *failing) Write(p []byte) (int, error) {
	n := min(len(p), f.left)
	f.left -= n
	if n < len(p) {
		return n, errFull
	}
	return n, nil
}

// TestWriter_ErrorBelow_IsKept checks every call after one failed.
func TestWriter_ErrorBelow_IsKept(t *testing.T) {
	for left := range 40 {
		z, _ := deflate.NewWriter(&failing{left}, deflate.Options{Format: deflate.Gzip, Strategy: deflate.HuffmanOnly})
		_, err := z.Write(make([]byte, 100))
		if err == nil {
			err = z.Flush(deflate.SyncFlush)
		}
		if err == nil {
			err = z.Close()
			if err == nil {
				continue
			}
		}
		if !errors.Is(err, errFull) {
			t.Fatalf("after %d bytes: %v", left, err)
		}
		if _, err := z.Write([]byte("x")); !errors.Is(err, errFull) {
			t.Errorf("Write: %v", err)
		}
		if err := z.Flush(deflate.SyncFlush); !errors.Is(err, errFull) {
			t.Errorf("Flush: %v", err)
		}
		if err := z.Close(); !errors.Is(err, errFull) {
			t.Errorf("Close: %v", err)
		}
	}
}

// TestWriter_AfterClose_SaysSo checks the calls after the end, and Reset.
func TestWriter_AfterClose_SaysSo(t *testing.T) {
	var b bytes.Buffer
	z, _ := deflate.NewWriter(&b, deflate.Options{})
	if err := z.Flush(deflate.Finish); err != nil {
		t.Fatal(err)
	}
	n := b.Len()
	if err := z.Close(); err != nil || b.Len() != n {
		t.Errorf("second Close: %v, %d bytes more", err, b.Len()-n)
	}
	if !errors.Is(deflate.ErrClosed, net.ErrClosed) {
		t.Error("ErrClosed does not match net.ErrClosed")
	}
	if _, err := z.Write([]byte("x")); !errors.Is(err, deflate.ErrClosed) {
		t.Errorf("Write: %v", err)
	}
	if err := z.Flush(deflate.SyncFlush); !errors.Is(err, deflate.ErrClosed) {
		t.Errorf("Flush: %v", err)
	}
	if err := z.Params(1, 0); !errors.Is(err, deflate.ErrClosed) {
		t.Errorf("Params: %v", err)
	}
	b.Reset()
	z.Reset(&b)
	io.WriteString(z, "again")
	z.Close()
	if got, err := decode(deflate.Options{}, b.Bytes()); err != nil || string(got) != "again" {
		t.Errorf("after Reset: %q, %v", got, err)
	}
}

// TestWriter_Pending_TellsIfAFlushIsWorthIt follows it through a stream.
func TestWriter_Pending_TellsIfAFlushIsWorthIt(t *testing.T) {
	z, _ := deflate.NewWriter(io.Discard, deflate.Options{})
	if z.Pending() {
		t.Error("pending at the start")
	}
	io.WriteString(z, "x")
	if !z.Pending() {
		t.Error("not pending after a Write")
	}
	z.Flush(deflate.BlockFlush)
	if !z.Pending() {
		t.Error("not pending after a block flush, which keeps bits back")
	}
	z.Flush(deflate.SyncFlush)
	if z.Pending() {
		t.Error("pending after a sync flush")
	}
}

// TestWriter_RoundTrip_AnyCuts_SameBytes is R41: what was written is read
// back, and how it was cut into writes changes nothing. Nightly:
//
//	go test ./deflate -run RoundTrip -messages 1000000 -timeout 0
func TestWriter_RoundTrip_AnyCuts_SameBytes(t *testing.T) {
	n := *messages
	if fewer > 1 || testing.Short() {
		n /= 20
	}
	var whole, cut bytes.Buffer
	for i := range n {
		r := rand.New(rand.NewPCG(uint64(i), 41))
		o := makeOptions(r)
		most := 64
		if i%20 == 0 {
			most = 5000
		}
		data := makeData(r, most, windowOf(&o))
		if o.Format != deflate.Gzip && r.IntN(4) == 0 {
			o.Dict = makeData(r, 300, windowOf(&o))
		}
		z, err := deflate.NewWriter(&whole, o)
		if err != nil {
			t.Fatal(err)
		}
		whole.Reset()
		z.Write(data)
		z.Close()
		got, err := decode(o, whole.Bytes())
		if err != nil || !bytes.Equal(got, data) {
			t.Fatalf("message %d: %d bytes, read back %d: %v", i, len(data), len(got), err)
		}
		if o.Level == deflate.Stored {
			continue // cuts show at level 0, as in zlib
		}
		cut.Reset()
		z.Reset(&cut)
		for at := 0; at < len(data); {
			k := min(1+r.IntN(1+r.IntN(len(data))), len(data)-at)
			z.Write(data[at : at+k])
			at += k
		}
		z.Close()
		if !bytes.Equal(whole.Bytes(), cut.Bytes()) {
			t.Fatalf("message %d: cut into writes it gives other bytes", i)
		}
	}
}

// TestWriter_EverySplitOf64_SameBytes cuts in two everywhere.
func TestWriter_EverySplitOf64_SameBytes(t *testing.T) {
	data := []byte("the cat sat on the mat, the cat sat on the mat, and aaaaaaaaaaaa")
	for level := deflate.Fastest; level <= deflate.Smallest; level++ {
		o := deflate.Options{Level: level}
		want := encode(t, o, data)
		var b bytes.Buffer
		z, _ := deflate.NewWriter(&b, o)
		for i := range data {
			b.Reset()
			z.Reset(&b)
			z.Write(data[:i])
			z.Write(data[i:])
			z.Close()
			if !bytes.Equal(b.Bytes(), want) {
				t.Errorf("level %d split at %d gives other bytes", level, i)
			}
		}
	}
}

// TestWriter_SteadyState_DoesNotAllocate measures streams after the first.
func TestWriter_SteadyState_DoesNotAllocate(t *testing.T) {
	if slowDown > 1 {
		t.Skip("the race detector empties pools")
	}
	data := bytes.Repeat([]byte("steady as she goes "), 4000)
	for _, o := range []deflate.Options{{}, {Level: 1, Format: deflate.Gzip}, {Level: 9, Format: deflate.Zlib}, {Strategy: deflate.RLE}, {Level: deflate.Stored}} {
		z, _ := deflate.NewWriter(io.Discard, o)
		if n := testing.AllocsPerRun(20, func() {
			z.Reset(io.Discard)
			z.Write(data)
			z.Flush(deflate.SyncFlush)
			z.Write(data)
			z.Close()
		}); n > 0 {
			t.Errorf("level %d strategy %d: %v allocations a stream", o.Level, o.Strategy, n)
		}
	}
}

// TestWriter_Live_HoldsAtMost640KiB measures a hundred live ones, and R35: a
// Writer that has not been written to, or is closed, holds next to nothing.
func TestWriter_Live_HoldsAtMost640KiB(t *testing.T) {
	if slowDown > 1 {
		t.Skip("the race detector changes sizes")
	}
	const n = 100
	heap := func() int64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	list := make([]*deflate.Writer, n)
	before := heap()
	for i := range list {
		list[i], _ = deflate.NewWriter(io.Discard, deflate.Options{Format: deflate.Gzip})
	}
	if each := (heap() - before) / n; each > 1<<10 {
		t.Errorf("an idle Writer holds %d bytes", each)
	}
	data := bytes.Repeat([]byte("living on 640 kilobytes "), 9000)
	for _, z := range list {
		z.Write(data)
		z.Flush(deflate.SyncFlush)
	}
	each := (heap() - before) / n
	t.Logf("a live Writer holds %d bytes", each)
	if each > 640<<10 {
		t.Errorf("a live Writer holds %d bytes, more than 640 KiB", each)
	}
	runtime.KeepAlive(list)
}

// TestFuzzCorpus_EncoderSeedsAreOnDisk is R42.
func TestFuzzCorpus_EncoderSeedsAreOnDisk(t *testing.T) {
	files, err := os.ReadDir(filepath.Join("testdata", "fuzz", "FuzzEncoder"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 5 {
		t.Errorf("%d seeds, want at least 5", len(files))
	}
}
