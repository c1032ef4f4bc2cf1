package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/creack/pty"
)

// through runs "duplex through" and returns what it printed and its exit code.
func through(t *testing.T, in io.Reader, args ...string) (out []byte, log string, code int) {
	t.Helper()
	cmd := exec.Command(duplexBin, append([]string{"through"}, args...)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, &stdout, &stderr
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return stdout.Bytes(), stderr.String(), cmd.ProcessState.ExitCode()
}

// prose is text that compresses, with a stretch that does not.
func prose(n int) []byte {
	rnd := rand.New(rand.NewPCG(5, 6))
	var b bytes.Buffer
	for b.Len() < n/2 {
		fmt.Fprintf(&b, "line %d of %d\n", rnd.IntN(1000), rnd.IntN(10))
	}
	noise := make([]byte, n/4)
	_, _ = rand.NewChaCha8([32]byte{}).Read(noise)
	b.Write(noise)
	for b.Len() < n {
		fmt.Fprintf(&b, "%x ", rnd.IntN(1<<20))
	}
	return b.Bytes()[:n]
}

// piecemeal gives pieces that have nothing to do with any buffer's size.
type piecemeal struct {
	b   []byte
	rnd *rand.Rand
}

func (p *piecemeal) Read(b []byte) (int, error) {
	if len(p.b) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.b[:min(len(p.b), 1+p.rnd.IntN(20_000))])
	p.b = p.b[n:]
	return n, nil
}

func TestThroughGzipWritesWhatZlibWrites(t *testing.T) {
	t.Parallel()
	python := peer(t, "python3")
	data := prose(300_000)
	// All of the cases in one process: it starts slowly.
	script := `
import sys, zlib
data = sys.stdin.buffer.read()
for arg in sys.argv[1:]:
    level, mem, bits, strategy = map(int, arg.split(","))
    z = zlib.compressobj(level, 8, bits, mem, strategy)
    out = z.compress(data) + z.flush()
    sys.stdout.buffer.write(len(out).to_bytes(4, "big") + out)
`
	type test struct{ spec, python string }
	var tests []test
	for level := 1; level <= 9; level++ {
		tests = append(tests, test{fmt.Sprintf("gzip:level=%d", level), fmt.Sprintf("%d,8,31,0", level)})
	}
	tests = append(tests,
		test{"gzip", "6,8,31,0"}, test{"gzip:parallel=0", "6,8,31,0"}, test{"gzip:parallel=3,level=9", "9,8,31,0"},
		test{"gzip:strategy=filtered,memlevel=9", "6,9,31,1"}, test{"gzip:strategy=huffman", "6,8,31,2"},
		test{"gzip:strategy=rle,windowbits=9", "6,8,25,3"}, test{"gzip:strategy=fixed,level=2", "2,8,31,4"},
		test{"deflate:level=3", "3,8,15,0"}, test{"rawdeflate:memlevel=1,windowbits=12", "6,1,-12,0"})
	args := []string{"-c", script}
	for _, test := range tests {
		args = append(args, test.python)
	}
	cmd := exec.Command(python, args...)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(data), os.Stderr
	want, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(7, 8))
	for _, test := range tests {
		n := int(want[0])<<24 | int(want[1])<<16 | int(want[2])<<8 | int(want[3])
		expected := want[4 : 4+n]
		want = want[4+n:]
		got, log, code := through(t, &piecemeal{data, rnd}, test.spec)
		if code != 0 || !bytes.Equal(got, expected) {
			t.Errorf("%s: exit %d, %d bytes, zlib writes %d; %s", test.spec, code, len(got), len(expected), log)
		}
	}
}

func TestThroughGoesBothWays(t *testing.T) {
	t.Parallel()
	data := prose(300_000)
	for _, specs := range [][]string{
		{"gzip", "gunzip"}, {"deflate:level=1", "inflate"}, {"rawdeflate", "rawinflate"}, {"gzip", "unzip"}, {"zstd", "unzstd"}, {"br", "unbr"},
		{"hex", "unhex"}, {"zstd:level=3", "base64:wrap=76", "unbase64", "unzstd"}, {"gzip:fast", "gunzip"}, {"gzip:level=0", "br:quality=1", "unbr", "gunzip"},
	} {
		if out, log, code := through(t, bytes.NewReader(data), specs...); code != 0 || !bytes.Equal(out, data) || log != "" {
			t.Errorf("%v: exit %d, %d bytes of %d; %s", specs, code, len(out), len(data), log)
		}
	}
	if out, _, code := through(t, strings.NewReader("Hello"), "upper", "hex"); string(out) != "48454c4c4f" || code != 0 {
		t.Errorf("%q, exit %d", out, code)
	}
	if out, _, code := through(t, strings.NewReader(""), "gzip"); len(out) != 20 || code != 0 {
		t.Errorf("gzip of nothing: %x, exit %d", out, code)
	}
}

func TestThroughAndTheToolsReadEachOther(t *testing.T) {
	t.Parallel()
	data := prose(300_000)
	for _, test := range []struct {
		spec   string
		decode []string
		encode []string
		undo   string
	}{
		{"gzip:level=9", []string{"gzip", "-dc"}, []string{"gzip", "-c"}, "gunzip"},
		{"deflate", []string{"pigz", "-dzc"}, []string{"pigz", "-zc"}, "inflate"},
		{"zstd", []string{"zstd", "-dqc"}, []string{"zstd", "-19qc"}, "unzstd"},
		{"base64:wrap=76", []string{"base64", "-d"}, []string{"base64"}, "unbase64"},
	} {
		tool := func(in []byte, args []string) []byte {
			cmd := exec.Command(peer(t, args[0]), args[1:]...)
			cmd.Stdin = bytes.NewReader(in)
			out, err := cmd.Output()
			if err != nil {
				t.Errorf("%v: %v", args, err)
			}
			return out
		}
		coded, log, code := through(t, bytes.NewReader(data), test.spec)
		if code != 0 || !bytes.Equal(tool(coded, test.decode), data) {
			t.Errorf("%v does not read %s; exit %d, %s", test.decode, test.spec, code, log)
		}
		if out, log, code := through(t, bytes.NewReader(tool(data, test.encode)), test.undo); code != 0 || !bytes.Equal(out, data) {
			t.Errorf("%s does not read %v; exit %d, %s", test.undo, test.encode, code, log)
		}
	}
}

func TestThroughSaysInALineWhatFailed(t *testing.T) {
	t.Parallel()
	gz, _, _ := through(t, strings.NewReader(strings.Repeat("some text ", 100)), "gzip")
	for _, test := range []struct {
		in   []byte
		args []string
		code int
		says string
		out  int // bytes at least
	}{
		{[]byte("text"), []string{"gunzip"}, 1, "duplex: through gunzip: deflate: gzip: incorrect header check at input byte 0\n", 0},
		{gz[:len(gz)-1], []string{"gunzip"}, 1, fmt.Sprintf("duplex: through gunzip: deflate: gzip: unexpected end of input at input byte %d\n", len(gz)-1), 1000},
		{nil, []string{"unzstd"}, 1, "duplex: through unzstd: compress: zstd: unexpected end of input at input byte 0\n", 0},
		{gz, []string{"upper", "gunzip:maxoutput=10"}, 1, "duplex: through gunzip:maxoutput=10: ", 0},
		{gz, []string{"gunzip:maxoutput=10", "upper"}, 1, "duplex: through gunzip:maxoutput=10: deflate: gzip: decoded data exceeds the limit at input byte ", 10},
		{[]byte("YQ"), []string{"unbase64"}, 1, "duplex: through unbase64: unexpected EOF after 2 bytes\n", 0},
		{nil, []string{"gzip:level=10"}, 2, "duplex: transform gzip:level=10: level=10: not 0 to 9\n", 0},
		{nil, []string{"upper", "gzap"}, 2, `duplex: transform gzap: there is no "gzap"; there are gzip, gunzip, `, 0},
		{nil, nil, 2, "duplex: ", 0},
		{nil, []string{"gzip", "--nonsense"}, 2, "duplex: unknown flag --nonsense", 0},
	} {
		out, log, code := through(t, bytes.NewReader(test.in), test.args...)
		if code != test.code || !strings.HasPrefix(log, test.says) || strings.Count(log, "\n") != 1 || len(out) < test.out {
			t.Errorf("%v: exit %d, %d bytes, %q; want exit %d, %q", test.args, code, len(out), log, test.code, test.says)
		}
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err) // it is Linux's
	}
	defer full.Close()
	cmd := exec.Command(duplexBin, "through", "upper")
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader("text"), full, &stderr
	if err := cmd.Run(); err == nil || !strings.HasPrefix(stderr.String(), "duplex: through: standard output: ") || strings.Count(stderr.String(), "\n") != 1 {
		t.Errorf("a full disk: %v, %q", err, &stderr)
	}
}

func TestThroughIsQuietWhenItsReaderHasEnough(t *testing.T) {
	t.Parallel()
	for _, flag := range []string{"--progress", "--no-progress"} {
		in, feed := pipe(t)
		p := exec.Command(duplexBin, "through", "upper", flag)
		var stderr bytes.Buffer
		p.Stdin, p.Stderr = in, &stderr
		out, err := p.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		_ = in.Close()
		go func() {
			for _, err := io.WriteString(feed, "endless text\n"); err == nil; {
				_, err = io.WriteString(feed, strings.Repeat("endless text\n", 1000))
			}
			_ = feed.Close()
		}()
		line := make([]byte, 13)
		if _, err := io.ReadFull(out, line); err != nil || string(line) != "ENDLESS TEXT\n" {
			t.Errorf("%q, %v", line, err)
		}
		_ = out.Close()
		if err := p.Wait(); err != nil || strings.Contains(stderr.String(), "duplex:") {
			t.Errorf("%v, %q", err, &stderr)
		}
	}
}

func TestThroughEndsAtASignalWhileItWaits(t *testing.T) {
	t.Parallel()
	in, feed := pipe(t)
	p := start(t, in, duplexBin, "through", "upper", "--no-progress")
	_, _ = io.WriteString(feed, "text")
	p.stdout.await(func(text string) bool { return text == "TEXT" })
	p.signal(syscall.SIGINT)
	if code := p.wait(); code != 1 || p.log.String() != "duplex: through: interrupted\n" {
		t.Errorf("exit %d, %q", code, p.log)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

func TestThroughShowsProgressOnATerminalAlone(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name             string
		flag             string
		terminalOut, see bool
	}{
		{"standard error is a terminal", "", false, true},
		{"standard output is one too", "", true, false},
		{"not wanted", "--no-progress", false, false},
		{"wanted all the same", "--progress", true, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			screen, terminal, err := pty.Open()
			if err != nil {
				t.Skip(err)
			}
			in, feed := pipe(t)
			file, err := os.Create(filepath.Join(t.TempDir(), "out"))
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			args := []string{"through", "upper"}
			if test.flag != "" {
				args = append(args, test.flag)
			}
			cmd := exec.Command(duplexBin, args...)
			cmd.Env = append(os.Environ(), "NO_COLOR=1", "TERM=dumb")
			cmd.Stdin, cmd.Stdout, cmd.Stderr = in, file, terminal
			if test.terminalOut {
				cmd.Stdout = terminal
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			_ = terminal.Close()
			seen := newWatched()
			go func() {
				_, _ = io.Copy(seen, screen) // ends with an error when nobody has the terminal any more
				seen.Close()
			}()
			_, _ = io.WriteString(feed, "some text\n")
			if test.see {
				if !seen.await(func(text string) bool { return strings.Contains(text, "10 B in, 10 B out, 100.0 %") }) {
					t.Errorf("saw %q", seen)
				}
			}
			_ = feed.Close()
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
			seen.await(func(string) bool { return false })
			_ = screen.Close()
			text := seen.String()
			if strings.Contains(text, "B in") != test.see || test.see && !strings.HasSuffix(text, "\n") || strings.Contains(text, "\x1b") {
				t.Errorf("saw %q", text)
			}
		})
	}
}
