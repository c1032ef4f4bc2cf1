package compress_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/duplex-go/duplex/deflate"
)

// zlibScript calls zlib itself, since Python's module gives it small buffers,
// which shows at level 0: for each argument "level,memory level,window
// bits,strategy,length" one deflateInit2, one deflate of so many bytes and one
// with Z_FINISH, with room for all output.
const zlibScript = `
import ctypes, ctypes.util, sys
z = ctypes.CDLL(ctypes.util.find_library("z") or "libz.so.1")
class Stream(ctypes.Structure):
    _fields_ = [("next_in", ctypes.c_char_p), ("avail_in", ctypes.c_uint), ("total_in", ctypes.c_ulong),
        ("next_out", ctypes.c_void_p), ("avail_out", ctypes.c_uint), ("total_out", ctypes.c_ulong),
        ("msg", ctypes.c_char_p), ("state", ctypes.c_void_p), ("zalloc", ctypes.c_void_p), ("zfree", ctypes.c_void_p),
        ("opaque", ctypes.c_void_p), ("data_type", ctypes.c_int), ("adler", ctypes.c_ulong), ("reserved", ctypes.c_ulong)]
z.zlibVersion.restype = ctypes.c_char_p
everything = sys.stdin.buffer.read()
for arg in sys.argv[1:]:
    level, mem, bits, strategy, length = map(int, arg.split(","))
    data = everything[:length]
    s = Stream()
    assert z.deflateInit2_(ctypes.byref(s), level, 8, bits, mem, strategy, z.zlibVersion(), ctypes.sizeof(s)) == 0
    room = len(data) + len(data) // 8 + 1000
    out = ctypes.create_string_buffer(room)
    s.next_in, s.avail_in = data, len(data)
    s.next_out, s.avail_out = ctypes.addressof(out), room
    assert z.deflate(ctypes.byref(s), 0) == 0 or not data
    assert z.deflate(ctypes.byref(s), 4) == 1
    sys.stdout.buffer.write(s.total_out.to_bytes(4, "big") + out.raw[:s.total_out])
    z.deflateEnd(ctypes.byref(s))
`

// zlibCase is what a call of deflateInit2 is told.
type zlibCase struct {
	format deflate.Format
	o      deflate.Options
}

// argument is the case with the data's length, for the script.
func (c zlibCase) argument(length int) string {
	level, mem, bits := int(c.o.Level), c.o.MemLevel, c.o.WindowBits
	switch c.o.Level {
	case deflate.DefaultLevel:
		level = 6
	case deflate.Stored:
		level = 0
	}
	if mem == 0 {
		mem = 8
	}
	if bits == 0 {
		bits = 15
	}
	switch c.format {
	case deflate.Raw:
		bits = -bits
	case deflate.Gzip:
		bits += 16
	}
	return fmt.Sprintf("%d,%d,%d,%d,%d", level, mem, bits, c.o.Strategy, length)
}

// zlibWrites returns what zlib makes of data in each of the cases.
func zlibWrites(t testing.TB, data []byte, cases ...zlibCase) [][]byte {
	t.Helper()
	var args []string
	for _, c := range cases {
		args = append(args, c.argument(len(data)))
	}
	return runZlib(t, data, args...)
}

// runZlib runs the script.
func runZlib(t testing.TB, data []byte, args ...string) (all [][]byte) {
	t.Helper()
	cmd := exec.Command(program(t, "python3"), append([]string{"-c", zlibScript}, args...)...)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(data), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("python3: %v", err)
	}
	for range args {
		n := binary.BigEndian.Uint32(out)
		all = append(all, out[4:4+n])
		out = out[4+n:]
	}
	return all
}
