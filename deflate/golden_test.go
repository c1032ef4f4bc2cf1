package deflate_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var updateGolden = flag.Bool("update-golden", false, "let zlib write testdata/golden.txt anew")

// goldenCases is how many streams testdata/golden.txt holds the hashes of.
const goldenCases = 400

// goldenStream is the stream of a line of testdata/golden.txt.
func goldenStream(seed uint64) *stream {
	return makeStream(rand.New(rand.NewPCG(seed, 29)), 30000)
}

// TestGolden_WithoutACompiler_SameBytesAsZlib compares streams with what zlib
// wrote for them when testdata/golden.txt was made:
//
//	go test ./deflate -run TestGolden -update-golden
func TestGolden_WithoutACompiler_SameBytesAsZlib(t *testing.T) {
	name := filepath.Join("testdata", "golden.txt")
	if *updateGolden {
		p := startPeer(t)
		var b bytes.Buffer
		fmt.Fprintf(&b, "# seed, input hash, output length and output hash by zlib %s\n", p.version)
		for seed := range uint64(goldenCases) {
			s := goldenStream(seed)
			a, err := p.run(s)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "%d %s %d %s\n", seed, inputHash(s), len(a.out), hash(a.out))
		}
		if err := os.WriteFile(name, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := 0
	for in := bufio.NewScanner(f); in.Scan(); {
		if strings.HasPrefix(in.Text(), "#") {
			continue
		}
		var seed uint64
		var size int
		var input, output string
		if _, err := fmt.Sscan(in.Text(), &seed, &input, &size, &output); err != nil {
			t.Fatalf("%q: %v", in.Text(), err)
		}
		lines++
		if fewer > 1 && seed%4 != 0 {
			continue
		}
		s := goldenStream(seed)
		if got := inputHash(s); got != input {
			t.Fatalf("seed %d makes another stream than when the file was written", seed)
		}
		a, err := ours(s)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if len(a.out) != size || hash(a.out) != output {
			t.Errorf("seed %d: %d bytes, zlib wrote %d\n%v", seed, len(a.out), size, s)
		}
	}
	if lines != goldenCases {
		t.Errorf("%d cases in the file, want %d", lines, goldenCases)
	}
}

func hash(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b))[:24] }

// inputHash covers everything that makes the stream.
func inputHash(s *stream) string {
	h := sha256.New()
	fmt.Fprint(h, s.options.Format, s.options.Level, s.options.Strategy, s.options.MemLevel, s.options.WindowBits, s.options.Dict)
	for _, st := range s.steps {
		fmt.Fprint(h, st.flush, st.params, st.level, st.strategy, st.data)
	}
	return fmt.Sprintf("%x", h.Sum(nil))[:24]
}
