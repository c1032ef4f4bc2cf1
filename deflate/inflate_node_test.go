package deflate_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"testing"

	"github.com/duplex-go/duplex/deflate"
)

// runNode gives inputs to a function of Node's, each as one parameter, and
// decodes the list that it returns for each. Without Node the test is skipped,
// in CI it fails.
func runNode(t *testing.T, function string, inputs [][]byte, answers any) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("node is needed: %v", err)
		}
		t.Skipf("node is needed: %v", err)
	}
	in, err := json.Marshal(inputs)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(node, "-e", `
const zlib = require("zlib"), each = `+function+`;
let all = "";
process.stdin.on("data", d => all += d).on("end", () => process.stdout.write(JSON.stringify(
  JSON.parse(all).flatMap(s => each(Buffer.from(s || "", "base64"))))));`)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, answers); err != nil {
		t.Fatal(err)
	}
}

func TestDecoder_WhatNodeWrites_IsDecoded(t *testing.T) {
	const code = `p => {
  const out = [];
  for (const level of [0, 1, 4, 6, 9]) for (const strategy of [0, 2, 3, 4])
    for (const [i, f] of ["deflateRawSync", "deflateSync", "gzipSync"].entries())
      out.push({ Format: i, Plain: p.toString("base64"), Out: zlib[f](p, { level, strategy, memLevel: 1 + level % 9 }).toString("base64") });
  return out;
}`
	r := rand.New(rand.NewPCG(4, 4))
	var inputs [][]byte
	for range max(1, 4/fewer) {
		inputs = append(inputs, anyData(r))
	}
	var streams []struct {
		Format     deflate.Format
		Plain, Out []byte
	}
	runNode(t, code, inputs, &streams)
	for i, s := range streams {
		v := decodeAll(t, deflate.DecoderOptions{Format: s.Format}, s.Out, 1+r.IntN(3000), 1+r.IntN(5000))
		if v.err != nil || !bytes.Equal(v.out, s.Plain) {
			t.Errorf("stream %d, %v: %v", i, s.Format, v.err)
		}
	}
	t.Logf("%d streams", len(streams))
}

// Members, headers of every kind, padding and garbage in any order: what Node
// makes of it is what the default options make of it, to the word.
func TestDecoder_Default_HasNodesVerdict(t *testing.T) {
	const decode = `p => ["inflateRawSync", "inflateSync", "gunzipSync", "unzipSync"].map(f => {
  try {
    const r = zlib[f](p, { info: true });
    return { Out: r.buffer.toString("base64"), Used: r.engine.bytesWritten };
  } catch (e) {
    return { Err: e.message };
  }
})`
	r := rand.New(rand.NewPCG(9, 9))
	member := goGzip(t, []byte("abc"), 6)
	pieces := [][]byte{
		member, goGzip(t, nil, 6), goGzip(t, prose(300, 1), 6), withHeader(member, 0x1f), goZlib(t, []byte("zlib"), 6), goRaw(t, []byte("raw"), 6),
		{0}, {0, 0, 0, 0}, []byte("t"), []byte("text"), {0x1f}, {0x1f, 0x8b}, {0x1f, 0x8b, 0xff, 0xff}, {0x1f, 0x8b, 8},
	}
	var inputs [][]byte
	for range 1000 {
		var p []byte
		for range 1 + r.IntN(4) {
			q := pieces[r.IntN(len(pieces))]
			if r.IntN(8) == 0 {
				q = q[:r.IntN(len(q)+1)]
			}
			p = slices.Concat(p, q)
		}
		inputs = append(inputs, p)
	}
	var answers []struct {
		Out  []byte
		Used int64
		Err  string
	}
	runNode(t, decode, inputs, &answers)
	formats := []deflate.Format{deflate.Raw, deflate.Zlib, deflate.Gzip, deflate.Auto}
	for i, a := range answers {
		p, f := inputs[i/4], formats[i%4]
		v := decodeAll(t, deflate.DecoderOptions{Format: f}, p, 1+r.IntN(50), 1000)
		var e *deflate.Error
		var same bool
		switch a.Err {
		case "":
			same = v.err == nil && bytes.Equal(v.out, a.Out) && v.used == a.Used
		case "unexpected end of file":
			same = errors.Is(v.err, io.ErrUnexpectedEOF)
		default:
			same = errors.As(v.err, &e) && e.Detail == a.Err
		}
		if !same {
			t.Errorf("%v of %x: %q, %v, %d used; Node: %q, %v, %d used", f, p, v.out, v.err, v.used, a.Out, a.Err, a.Used)
		}
	}
	t.Logf("%d inputs in four ways", len(inputs))
}
