package deflate_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/duplex-go/duplex/deflate"
)

// A codedStream is one input of the decoder's tests.
type codedStream struct {
	name    string
	options deflate.DecoderOptions
	plain   []byte
	coded   []byte
}

// question asks zlib to decode data as the stream's options say.
func (s codedStream) question(data []byte, step int) oracleQuestion {
	q := oracleQuestion{Op: "decode", Bits: oracleBits(formatWord(s.options.Format), 15), Data: data, Step: step, Dict: s.options.Dict}
	return q
}

func formatWord(f deflate.Format) string {
	return map[deflate.Format]string{deflate.Raw: "raw", deflate.Zlib: "zlib", deflate.Gzip: "gzip"}[f]
}

func repeatable(n int, seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(r.Uint32())
	}
	return p
}

// prose returns n bytes that compress like text.
func prose(n int, seed uint64) []byte {
	words := strings.Fields("the stream ends when its writer closes and a reader sees the end only after every byte that was written before it; flush delivers 0123 4567 {\"k\": null}")
	r := rand.New(rand.NewPCG(seed, 2))
	var b bytes.Buffer
	for b.Len() < n {
		b.WriteString(words[r.IntN(len(words))])
		b.WriteByte(" \n"[r.IntN(9)/8])
	}
	return b.Bytes()[:n]
}

// makeSmallStreams returns streams of all formats and kinds of blocks, small
// enough to try every truncation and every flipped bit.
func makeSmallStreams(t testing.TB) []codedStream {
	t.Helper()
	var streams []codedStream
	var questions []oracleQuestion
	dict := []byte("the stream ends when its writer closes")
	text := prose(180, 3)
	add := func(name string, format deflate.Format, dict []byte, level, strategy int, parts ...oraclePart) {
		var plain []byte
		for _, p := range parts {
			plain = append(plain, p.Data...)
		}
		streams = append(streams, codedStream{name, deflate.DecoderOptions{Format: format, Dict: dict}, plain, nil})
		questions = append(questions, oracleQuestion{Op: "encode", Bits: oracleBits(formatWord(format), 15), Dict: dict,
			Level: level, Mem: 8, Strategy: strategy, Parts: parts})
	}
	for _, f := range []deflate.Format{deflate.Raw, deflate.Zlib, deflate.Gzip} {
		w := formatWord(f)
		add(w+"/stored", f, nil, 0, 0, oraclePart{text[:40], "finish"})
		add(w+"/fixed", f, nil, 6, 4, oraclePart{text[:90], "finish"})
		add(w+"/dynamic", f, nil, 6, 0, oraclePart{text, "finish"})
		add(w+"/huffman only", f, nil, 6, 2, oraclePart{text, "finish"})
		add(w+"/empty", f, nil, 6, 0, oraclePart{nil, "finish"})
		add(w+"/run", f, nil, 9, 3, oraclePart{bytes.Repeat([]byte{'a'}, 600), "finish"})
		add(w+"/flushes", f, nil, 6, 0, oraclePart{text[:30], "partial"}, oraclePart{text[30:60], "sync"},
			oraclePart{text[60:90], "full"}, oraclePart{text[90:120], "block"}, oraclePart{text[120:], "finish"})
		if f != deflate.Gzip {
			add(w+"/dictionary", f, dict, 6, 0, oraclePart{append(dict[:20:20], text[:60]...), "finish"})
		}
	}
	for i, a := range ask(t, questions...) {
		streams[i].coded = a.Out
	}
	var member [2]codedStream
	for _, s := range streams {
		switch s.name {
		case "gzip/fixed":
			member[0] = s
		case "gzip/dynamic":
			member[1] = s
		}
	}
	gz := deflate.DecoderOptions{Format: deflate.Gzip}
	join := func(p ...[]byte) []byte { return bytes.Join(p, nil) }
	streams = append(streams,
		codedStream{"gzip/two members", gz, join(member[0].plain, member[1].plain), join(member[0].coded, member[1].coded)},
		codedStream{"gzip/all header fields", gz, member[0].plain, withHeader(member[0].coded, 0x1f)},
		codedStream{"gzip/header check", gz, member[0].plain, withHeader(member[0].coded, 0x02)},
		codedStream{"gzip/name", gz, member[0].plain, withHeader(member[0].coded, 0x08)},
	)
	return streams
}

// withHeader gives a plain member a header with the fields of flags.
func withHeader(member []byte, flags byte) []byte {
	h := []byte{0x1f, 0x8b, 8, flags, 0x78, 0x56, 0x34, 0x12, 2, 3}
	if flags&4 != 0 {
		h = append(h, 6, 0, 'A', 'B', 2, 0, 1, 2)
	}
	if flags&8 != 0 {
		h = append(h, "na\xefve.txt\x00"...)
	}
	if flags&16 != 0 {
		h = append(h, "a comment\x00"...)
	}
	if flags&2 != 0 {
		h = binary.LittleEndian.AppendUint16(h, uint16(crc32.ChecksumIEEE(h)))
	}
	return append(h, member[10:]...)
}

// A verdict is what came of decoding.
type verdict struct {
	out  []byte
	err  error // of Decode or Finish; nil for a whole stream
	used int64
}

// decodeAll decodes data in pieces of step bytes (0: one piece), with room
// bytes of output at a time.
func decodeAll(t testing.TB, o deflate.DecoderOptions, data []byte, step, room int) verdict {
	t.Helper()
	d, err := deflate.NewDecoder(o)
	if err != nil {
		t.Fatal(err)
	}
	return decodeWith(t, d, data, step, room)
}

func decodeWith(t testing.TB, d *deflate.Decoder, data []byte, step, room int) (v verdict) {
	t.Helper()
	if step == 0 {
		step = len(data)
	}
	dst := make([]byte, room)
	for first := true; first || len(data) > 0; first = false {
		src := data[:min(step, len(data))]
		data = data[len(src):]
		for {
			n, used, err := d.Decode(dst, src)
			if n < 0 || n > len(dst) || used < 0 || used > len(src) {
				t.Fatalf("Decode returned %d of %d, %d of %d", n, len(dst), used, len(src))
			}
			v.out = append(v.out, dst[:n]...)
			src = src[used:]
			if err != nil {
				v.used = d.InputOffset()
				if fmt.Sprint(err) == "EOF" {
					err = d.Finish()
				}
				v.err = err
				return v
			}
			if n < len(dst) {
				if len(src) > 0 {
					t.Fatalf("Decode left %d bytes of input and %d of room", len(src), len(dst)-n)
				}
				break
			}
		}
	}
	v.used = d.InputOffset()
	v.err = d.Finish()
	return v
}
