package deflate_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/duplex-go/duplex/deflate"
)

func TestDecoder_Dictionary_RightMissingOrWrong(t *testing.T) {
	for _, size := range []int{5, 1000, 32 << 10, 40_000} {
		dict := prose(size, 21)
		plain := append(bytes.Clone(dict[:min(size, 20_000)]), prose(60_000, 22)...)
		for _, f := range []deflate.Format{deflate.Zlib, deflate.Raw} {
			coded := ask(t, oracleQuestion{Op: "encode", Bits: oracleBits(formatWord(f), 15), Dict: dict, Level: 9, Mem: 8,
				Parts: []oraclePart{{plain, "finish"}}})[0].Out
			for _, step := range []int{0, 1} {
				d, err := deflate.NewDecoder(deflate.DecoderOptions{Format: f, Dict: dict})
				if err != nil {
					t.Fatal(err)
				}
				for range 2 { // it outlives Reset
					d.Reset()
					if v := decodeWith(t, d, coded, step, 1000); v.err != nil || !bytes.Equal(v.out, plain) {
						t.Errorf("%v, dictionary of %d, pieces of %d: %v", f, size, step, v.err)
					}
				}
				missing := decodeAll(t, deflate.DecoderOptions{Format: f}, coded, step, 1000)
				wrong := decodeAll(t, deflate.DecoderOptions{Format: f, Dict: dict[1:]}, coded, step, 1000)
				if f == deflate.Zlib && (!errors.Is(missing.err, deflate.ErrNoDictionary) || !errors.Is(wrong.err, deflate.ErrDictionary)) {
					t.Errorf("dictionary of %d, pieces of %d: missing: %v, wrong: %v", size, step, missing.err, wrong.err)
				}
				if f == deflate.Raw && size >= 1000 && !errors.Is(missing.err, deflate.ErrCorrupt) {
					t.Errorf("dictionary of %d, pieces of %d, raw: missing: %v", size, step, missing.err)
				}
			}
		}
	}
}

func TestDecoder_DictionaryNotAskedFor_IsHarmless(t *testing.T) {
	plain := prose(5000, 23)
	for f, coded := range map[deflate.Format][]byte{deflate.Zlib: goZlib(t, plain, 6), deflate.Gzip: goGzip(t, plain, 6), deflate.Auto: goGzip(t, plain, 6)} {
		v := decodeAll(t, deflate.DecoderOptions{Format: f, Dict: prose(100, 24)}, coded, 0, 1000)
		if v.err != nil || !bytes.Equal(v.out, plain) {
			t.Errorf("%v: %v", f, v.err)
		}
	}
}

func TestDecoder_SecondMember_CannotReachTheFirst(t *testing.T) {
	first := goGzip(t, prose(1000, 25), 6)
	// A member whose body is the far distance of a raw stream.
	second := append([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3}, 0x4b, 0x04, 0x12, 0, 0, 0, 0, 0, 0, 0, 0)
	for _, step := range []int{0, 1} {
		v := decodeAll(t, deflate.DecoderOptions{Format: deflate.Gzip}, append(bytes.Clone(first), second...), step, 5000)
		if !errors.Is(v.err, deflate.ErrCorrupt) {
			t.Errorf("pieces of %d: %v", step, v.err)
		}
	}
}

// Auto takes zlib data for a further member; its dictionary must not take the
// place of output that nobody has got yet.
func TestDecoder_DictionaryOfALaterMember_LeavesTheOutputBeforeIt(t *testing.T) {
	dict := prose(3000, 27)
	second := append(bytes.Clone(dict), prose(500, 29)...)
	for _, size := range []int{300, 5000, 40_000} { // the last goes around the ring
		first := prose(size, 28)
		coded := append(goGzip(t, first, 6), encode(t, deflate.Options{Format: deflate.Zlib, Dict: dict}, second)...)
		for _, step := range []int{0, 1, 100} {
			for _, room := range []int{1, 1000, 100_000} {
				v := decodeAll(t, deflate.DecoderOptions{Format: deflate.Auto, Dict: dict}, coded, step, room)
				if v.err != nil || !bytes.Equal(v.out, append(bytes.Clone(first), second...)) {
					t.Errorf("member of %d, pieces of %d, room for %d: %d bytes, %v", size, step, room, len(v.out), v.err)
				}
			}
		}
	}
}
