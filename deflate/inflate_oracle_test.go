package deflate_test

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
)

// oracleScript runs in Python and answers questions with the plain zlib that
// Python is linked to. A question and an answer are JSON behind a length.
const oracleScript = `
import sys, json, struct, zlib, base64
b64d, b64e = lambda s: base64.b64decode(s or ""), lambda b: base64.b64encode(b).decode()
FLUSH = {"none": None, "partial": 1, "sync": 2, "full": 3, "finish": 4, "block": 5}

def encode(q):
    kw = {}
    if q["Dict"]: kw["zdict"] = b64d(q["Dict"])
    c = zlib.compressobj(q["Level"], 8, q["Bits"], q["Mem"], q["Strategy"], **kw)
    out = b""
    for p in q["Parts"]:
        out += c.compress(b64d(p["Data"]))
        f = FLUSH[p["Flush"]]
        if f is not None: out += c.flush(f)
    return {"Out": b64e(out)}

# decode feeds each piece and says how much has come out after it. Gzip members
# follow each other as in Node: a zero byte ends everything.
def decode(q):
    def new():
        kw = {}
        if q["Dict"]: kw["zdict"] = b64d(q["Dict"])
        return zlib.decompressobj(q["Bits"], **kw)
    data, step = b64d(q["Data"]), q["Step"] or 1 << 30
    bits = q["Bits"]
    d, out, counts, err = new(), b"", [], ""
    end, fresh, started = False, False, False
    used = 0
    try:
        for i in range(0, len(data), step):
            p = data[i:i+step]
            while p and not end:
                if d.eof:
                    if bits != 31 or p[0] == 0:
                        end = True
                        break
                    d = new()
                started = True
                out += d.decompress(p)
                used += len(p) - len(d.unused_data)
                p = d.unused_data
            if d.eof and bits != 31: end = True
            counts.append(len(out))
    except zlib.error as e:
        err = str(e)
    return {"Out": b64e(out), "Counts": counts, "Err": err, "Used": used,
            "End": d.eof, "Stopped": end}

while True:
    h = sys.stdin.buffer.read(4)
    if len(h) < 4: break
    qs = json.loads(sys.stdin.buffer.read(struct.unpack("<I", h)[0]))
    a = json.dumps([(encode if q["Op"] == "encode" else decode)(q) for q in qs]).encode()
    sys.stdout.buffer.write(struct.pack("<I", len(a)) + a)
    sys.stdout.buffer.flush()
`

type oraclePart struct {
	Data  []byte
	Flush string // none, partial, sync, full, block, finish
}

type oracleQuestion struct {
	Op       string // encode, decode
	Bits     int    // zlib's windowBits
	Dict     []byte
	Level    int
	Mem      int
	Strategy int
	Parts    []oraclePart
	Data     []byte
	Step     int
}

type oracleAnswer struct {
	Out     []byte
	Counts  []int  // output after each piece of input
	Err     string // zlib's error
	Used    int    // input taken
	End     bool   // the stream ended there
	Stopped bool   // more input will not be looked at
}

type oracleProcess struct {
	mu  sync.Mutex
	in  io.Writer
	out *bufio.Reader
}

var startOracle = sync.OnceValues(func() (*oracleProcess, error) {
	cmd := exec.Command("python3", "-c", oracleScript)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	// The process ends with the test binary, when its input does.
	return &oracleProcess{in: in, out: bufio.NewReader(out)}, cmd.Start()
})

// ask puts questions to Python's zlib. Without Python the test is skipped, in
// CI it fails.
func ask(t testing.TB, questions ...oracleQuestion) []oracleAnswer {
	t.Helper()
	o, err := startOracle()
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("python3 is needed to compare with zlib: %v", err)
		}
		t.Skipf("python3 is needed to compare with zlib: %v", err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	q, err := json.Marshal(questions)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.in.Write(append(binary.LittleEndian.AppendUint32(nil, uint32(len(q))), q...)); err != nil {
		t.Fatalf("zlib helper: %v", err)
	}
	var size [4]byte
	if _, err := io.ReadFull(o.out, size[:]); err != nil {
		t.Fatalf("zlib helper: %v", err)
	}
	a := make([]byte, binary.LittleEndian.Uint32(size[:]))
	if _, err := io.ReadFull(o.out, a); err != nil {
		t.Fatalf("zlib helper: %v", err)
	}
	var answers []oracleAnswer
	if err := json.Unmarshal(a, &answers); err != nil {
		t.Fatal(err)
	}
	return answers
}

// oracleBits returns zlib's windowBits for a format.
func oracleBits(f string, bits int) int {
	switch f {
	case "raw":
		return -bits
	case "gzip":
		return bits + 16
	}
	return bits
}
