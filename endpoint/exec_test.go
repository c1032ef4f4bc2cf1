//go:build unix

package endpoint_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/duplextest"
	"github.com/duplex-go/duplex/endpoint"
)

func init() {
	// Prints its arguments and environment.
	actors["argv"] = func() int {
		_ = json.NewEncoder(os.Stdout).Encode([][]string{os.Args[1:], os.Environ()})
		return 0
	}
	// Says that it is there and joins its standard input and output with the socket of its argument.
	actors["relay"] = func() int {
		ctx, stop := signal.NotifyContext(background, syscall.SIGTERM)
		defer stop()
		s, err := endpoint.Dial(ctx, os.Args[1])
		if err != nil {
			return 2
		}
		local, err := endpoint.Stdio()
		if err != nil {
			return 2
		}
		fmt.Print("!") // from now on it can pass on an abort
		if _, err := (duplex.Joiner{Linger: -1}).Join(ctx, local, s); err != nil {
			return 1
		}
		return 0
	}
}

// quoted writes an argument so that a command line has it as it is.
func quoted(arg string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(arg) + `"`
}

// as returns an endpoint that runs the test binary as an actor.
func as(name string, args ...string) string {
	line := "exec:" + quoted(testBinary())
	for _, arg := range args {
		line += " " + quoted(arg)
	}
	return line + ",env=" + actor + "=" + name
}

func testBinary() string {
	path, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return path
}

// noChildren fails t if a process that it started is left.
func noChildren(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); err != syscall.ECHILD {
			t.Errorf("a child is left: %d, %v", pid, err)
		}
	})
}

func TestR52_ACommandsArgumentsStayWhatTheyAre(t *testing.T) {
	payloads := []string{
		"", " ", "  two  spaces ", "-rf", "--help", "$HOME", "${PATH}", "$(touch /tmp/duplex-pwned)", "`id`", "; id", "| id", "&& id", "& id",
		"> /tmp/duplex-pwned", "< /etc/passwd", "*", "?", "[a-z]*", "~", "~root", "{a,b}", "a\nb", "a\tb", "\r\n", "!!", "#", "\\", "\\\\", "\\n",
		"'", "''", `"`, `""`, `'"'"'`, "%s%n", "%2C", "a,b", ",dir=/", ",env=A=b", "dir=/", "\x01\x1b[31m", "ü€😀", "\xff\xfe", "$'\\x41'", "(id)", "a=b",
	}
	const alphabet = "$`\"'\\;|&<>()*?[]{}~#! \t\n,=%-aA"
	random := rand.New(rand.NewPCG(1, 2))
	for len(payloads) < 200 {
		p := make([]byte, 1+random.IntN(12))
		for i := range p {
			p[i] = alphabet[random.IntN(len(alphabet))]
		}
		payloads = append(payloads, string(p))
	}
	s, err := endpoint.Dial(t.Context(), as("argv", payloads...)+",env=INJECTED=$(id)%2C`id`")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var got [][]string
	if err := json.NewDecoder(s).Decode(&got); err != nil {
		t.Fatal(err)
	}
	want := slices.Clone(payloads)
	for i := range want {
		want[i] = strings.ToValidUTF8(want[i], "\ufffd\ufffd") // as JSON has them
	}
	if !slices.Equal(got[0], want) {
		for i := range want {
			if i >= len(got[0]) || got[0][i] != want[i] {
				t.Fatalf("argument %d of %d is not %q: %q", i, len(got[0]), want[i], got[0][min(i, len(got[0])-1)])
			}
		}
	}
	if !slices.Contains(got[1], "INJECTED=$(id),`id`") {
		t.Error("the variable is not what was written")
	}
	if _, err := os.Lstat("/tmp/duplex-pwned"); err == nil {
		t.Error("a command was run")
	}
}

func TestASplitCommandLine(t *testing.T) {
	for line, want := range map[string][]string{
		"a b  c\td":              {"a", "b", "c", "d"},
		`a "b c" 'd e'`:          {"a", "b c", "d e"},
		`a b\ c \"`:              {"a", "b c", `"`},
		`a "x\"y\\z\n"`:          {"a", `x"y\z\n`},
		`a 'x\"y'`:               {"a", `x\"y`},
		`a ""`:                   {"a", ""},
		`a x"y"'z'`:              {"a", "xyz"},
		`$HOME *.go; rm ~ | cat`: {"$HOME", "*.go;", "rm", "~", "|", "cat"},
	} {
		if got, err := endpoint.SplitCommand(line); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v, want %q", line, got, err, want)
		}
	}
	for line, text := range map[string]string{
		"": "no command", "  ": "no command", `""`: "no command",
		`a "b`: `no closing "`, `a 'b`: "no closing '", `a \`: "nothing stands behind the last backslash",
	} {
		if _, err := endpoint.SplitCommand(line); !errors.Is(err, endpoint.ErrUsage) || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v, want %q", line, err, text)
		}
	}
}

func TestOptionsOfACommandStandAtItsEnd(t *testing.T) {
	for text, want := range map[string]struct{ target, dir string }{
		"exec:cut -d, -f1":             {"cut -d, -f1", ""},
		"exec:cut -d, -f1,dir=/":       {"cut -d, -f1", "/"},
		`exec:echo "a,dir=/"`:          {`echo "a,dir=/"`, ""},
		`exec:echo a\,dir=/`:           {`echo a\,dir=/`, ""},
		"exec:echo a,b,dir=/,grace=1s": {"echo a,b", "/"},
	} {
		s, err := endpoint.Parse(text)
		if err != nil || s.Target != want.target || s.Options.Text("dir") != want.dir {
			t.Errorf("%s: %q, %v, %v", text, s.Target, s.Options, err)
		}
	}
}

func TestHowACommandEndsIsTheEndOfItsOutput(t *testing.T) {
	noChildren(t)
	for _, test := range []struct {
		line, input, output string
		code                int
		text                string
	}{
		{`exec:cat`, "there and back", "there and back", 0, ""},
		{`exec:sh -c "cat; exit 3"`, "some", "some", 3, "sh: exit status 3"},
		{`exec:sh -c "cat; exit 3",ignore-status`, "some", "some", 0, ""},
		{`exec:sh -c "echo out; kill -9 $$"`, "", "out\n", 137, "sh: ended by signal 9 (killed)"},
		{`exec:sh -c "kill -TERM $$",ignore-status`, "", "", 143, "sh: ended by signal 15 (terminated)"},
		{`exec:sh -c "pwd; echo $A $B",dir=/,env=A=1,env=B=2`, "", "/\n1 2\n", 0, ""},
		{`exec:sh -c "readlink /proc/self/fd/2",stderr=drop`, "", "/dev/null\n", 0, ""},
		{`exec:head -c 5`, "hello", "hello", 0, ""},
	} {
		t.Run(test.line, func(t *testing.T) {
			duplextest.NoLeaks(t)
			s, err := endpoint.Dial(t.Context(), test.line)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(s, test.input); err != nil {
				t.Error(err)
			}
			if err := errors.Join(s.CloseWrite(), s.CloseWrite()); err != nil {
				t.Error(err)
			}
			got, err := io.ReadAll(s)
			_, again := s.Read(make([]byte, 1))
			var exit *endpoint.ExitError
			if string(got) != test.output || errors.As(err, &exit) != (test.code != 0) {
				t.Errorf("%q, %v", got, err)
			}
			if exit != nil && (exit.Code != test.code || exit.Error() != test.text || again.Error() != err.Error()) {
				t.Errorf("%#v, then %v", exit, again)
			}
			if exit == nil && again != io.EOF {
				t.Errorf("after the end: %v", again)
			}
			if err := errors.Join(s.Close(), s.Close()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAWriteToACommandThatIsOverSaysWhy(t *testing.T) {
	for line, text := range map[string]string{
		`exec:sh -c "exit 7"`: "sh: exit status 7: broken pipe",
		`exec:true`:           "true ended before it had read all of its input",
		`exec:sh -c "exec <&-; sleep 1000",grace=50ms`: "sh has closed its input",
	} {
		s, err := endpoint.Dial(t.Context(), line)
		if err != nil {
			t.Fatal(err)
		}
		for err == nil {
			_, err = s.Write(make([]byte, 1<<16))
		}
		if !errors.Is(err, syscall.EPIPE) || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v", line, err)
		}
		_ = s.Close()
	}
}

// gone waits until a process has ended; what is left of it is its parent's
// affair.
func gone(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("process %d still runs: %s", pid, stat)
		}
	}
}

func TestCloseAndAbortEndACommandAndItsGroup(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("no /proc")
	}
	noChildren(t)
	dir := t.TempDir()
	for name, line := range map[string]string{
		"one that sleeps":                    `exec:sh -c "sleep 1000 & echo $!; wait"`,
		"one that ignores SIGTERM":           `exec:sh -c "trap '' TERM; sleep 1000 & echo $!; while :; do wait; done",grace=50ms`,
		"one whose child does":               `exec:sh -c "(trap '' TERM; sleep 1000) & echo $!; wait",grace=50ms`,
		"one that is over before its child":  `exec:sh -c "sleep 1000 & echo $!"`,
		"one that has closed its output":     `exec:sh -c "sleep 1000 >&- & echo $!; exec >&-; wait",grace=50ms`,
		"one that never reads its input":     `exec:sh -c "sleep 1000 & echo $!; wait"`,
		"one that ends in order at SIGTERM":  `exec:sh -c "sleep 1000 & trap 'echo done > ` + dir + `/done; exit' TERM; echo $!; wait"`,
		"one that writes and is never read":  `exec:sh -c "sleep 1000 & echo $!; exec cat /dev/zero",grace=100ms`,
		"one that waits for its input's end": `exec:sh -c "sleep 1000 & echo $!; cat > ` + dir + `/copy && touch ` + dir + `/ended; wait"`,
	} {
		for _, abort := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, abort %v", name, abort), func(t *testing.T) {
				duplextest.NoLeaks(t)
				s, err := endpoint.Dial(t.Context(), line)
				if err != nil {
					t.Fatal(err)
				}
				first, err := bufio.NewReaderSize(s, 16).ReadString('\n')
				if err != nil {
					t.Fatal(err)
				}
				pid, err := strconv.Atoi(strings.TrimSpace(first))
				if err != nil {
					t.Fatal(err)
				}
				if abort {
					err = duplex.Abort(s, nil)
				} else {
					err = s.Close()
				}
				if err != nil {
					t.Error(err)
				}
				if _, err := s.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
					t.Errorf("read: %v", err)
				}
				if _, err := s.Write([]byte{1}); !errors.Is(err, net.ErrClosed) {
					t.Errorf("write: %v", err)
				}
				gone(t, pid)
			})
		}
	}
	if _, err := os.Stat(dir + "/done"); err != nil {
		t.Errorf("the command that ends in order did not: %v", err)
	}
	if _, err := os.Stat(dir + "/ended"); err == nil {
		t.Error("a command took Close for the end of its input")
	}
}

// TestACommandMayEndItsOutputFirst has a command that closes its output and
// goes on reading.
func TestACommandMayEndItsOutputFirst(t *testing.T) {
	noChildren(t)
	file := filepath.Join(t.TempDir(), "copy")
	s, err := endpoint.Dial(t.Context(), `exec:sh -c "echo ready; exec >&-; cat > `+file+`; echo , complete >> `+file+`",grace=100ms`)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(s); string(got) != "ready\n" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := io.WriteString(s, "and the rest"); err != nil {
		t.Error(err)
	}
	if err := errors.Join(s.CloseWrite(), s.Close()); err != nil {
		t.Error(err)
	}
	if got, err := os.ReadFile(file); string(got) != "and the rest, complete\n" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

func TestExecSaysWhatIsWrongInALine(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode fs.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	plain := write("plain", "text", 0o600)
	script := write("script", "#!/no/such/interpreter\n", 0o700)
	noise := write("noise", "\x00\x01\x02", 0o700)
	for _, test := range []struct {
		url  string
		is   error
		text string
	}{
		{"exec:no-such-command-here x", exec.ErrNotFound, "run exec:no-such-command-here x: no-such-command-here: command not found"},
		{"exec:/no/such/command", fs.ErrNotExist, "/no/such/command: command not found"},
		{"exec:" + plain, fs.ErrPermission, plain + ": permission denied"},
		{"exec:" + dir, fs.ErrPermission, dir + ": permission denied"},
		{"exec:" + script, fs.ErrNotExist, "it, or what interprets it, is not found"},
		{"exec:" + noise, syscall.ENOEXEC, "exec format error"},
		{"exec:true,dir=/no/such/dir", fs.ErrNotExist, "option dir: /no/such/dir: no such file or directory"},
		{"exec:", endpoint.ErrUsage, "no command"},
		{`exec:sh -c "exit`, endpoint.ErrUsage, `no closing "`},
		{"exec:true,stderr=keep", endpoint.ErrUsage, `option stderr: "keep" is not pass or drop`},
		{"exec:true,env=A", endpoint.ErrUsage, `option env: "A" is not NAME=VALUE`},
		{"exec:true,grace=soon", endpoint.ErrUsage, `option grace: "soon" is not a duration`},
		{"listen:exec:true", endpoint.ErrUsage, "exec cannot be listened on"},
	} {
		s, err := endpoint.Dial(t.Context(), test.url)
		if err == nil {
			s.Close()
		}
		if err == nil || test.is != nil && !errors.Is(err, test.is) ||
			!strings.Contains(err.Error(), test.text) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %v, %q", test.url, err, test.is, test.text)
		}
	}
}
