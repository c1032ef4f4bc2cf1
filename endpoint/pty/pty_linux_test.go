package pty_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/duplextest"
	"github.com/duplex-go/duplex/endpoint"
	_ "github.com/duplex-go/duplex/endpoint/pty"
	"go.uber.org/goleak"
)

// actor makes the test binary play a part in place of running tests.
const actor = "DUPLEX_TEST_ACTOR"

func TestMain(m *testing.M) {
	switch os.Getenv(actor) {
	case "":
	case "follow":
		os.Exit(playFollow())
	case "raw":
		os.Exit(playRaw())
	}
	goleak.VerifyTestMain(m)
}

func dial(t *testing.T, url string) duplex.Stream {
	t.Helper()
	s, err := endpoint.Dial(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestACommandHasATerminal(t *testing.T) {
	for _, test := range []struct {
		line, input, output string
		code                int
	}{
		{`pty:sh -c "test -t 0 -a -t 1 -a -t 2 && echo terminal"`, "", "terminal\r\n", 0},
		{`pty:sh -c "test -t 0; stty size; exit 3",rows=30,cols=100`, "", "30 100\r\n", 3},
		{`pty:stty size,rows=7`, "", "7 80\r\n", 0},
		{`pty:sh -c "stty -echo; echo go; cat; echo over"`, "a line\n", "go\r\na line\r\nover\r\n", 0},
		{`pty:sh -c "stty -echo; echo go; cat; echo over"`, "no whole line", "go\r\nno whole lineover\r\n", 0},
		{`pty:sh -c "stty -echo; echo go; cat; echo over"`, "", "go\r\nover\r\n", 0},
		{`pty:sh -c "exit 4",ignore-status`, "", "", 0},
		{`pty:sh -c "kill -9 $$"`, "", "", 137},
	} {
		t.Run(test.line, func(t *testing.T) {
			duplextest.NoLeaks(t)
			s := dial(t, test.line)
			var got strings.Builder
			if strings.HasPrefix(test.output, "go\r\n") { // the terminal is as the command wants it
				buf := make([]byte, 4)
				if _, err := io.ReadFull(s, buf); err != nil {
					t.Fatal(err)
				}
				got.Write(buf)
				if _, err := io.WriteString(s, test.input); err != nil {
					t.Error(err)
				}
				if err := errors.Join(s.CloseWrite(), s.CloseWrite()); err != nil {
					t.Error(err)
				}
				if _, err := s.Write([]byte{1}); !errors.Is(err, duplex.ErrEnded) {
					t.Errorf("a write after the end: %v", err)
				}
			}
			_, err := io.Copy(&got, s)
			var exit *endpoint.ExitError
			if got.String() != test.output || errors.As(err, &exit) != (test.code != 0) || exit != nil && exit.Code != test.code {
				t.Errorf("%q, %v", got.String(), err)
			}
			if err := errors.Join(s.Close(), s.Close()); err != nil {
				t.Error(err)
			}
			if _, err := s.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
				t.Errorf("a read after Close: %v", err)
			}
		})
	}
}

func TestARawTerminalPassesEveryByteOn(t *testing.T) {
	s := dial(t, `pty:sh -c "echo go; exec cat",raw`)
	if _, err := io.ReadFull(s, make([]byte, 3)); err != nil {
		t.Fatal(err)
	}
	var all []byte
	for i := range 100_000 {
		all = append(all, byte(i), byte(i>>8))
	}
	sent := make(chan error, 1)
	go func() {
		_, err := s.Write(all)
		sent <- err
	}()
	got := make([]byte, len(all))
	if _, err := io.ReadFull(s, got); err != nil || string(got) != string(all) {
		t.Errorf("%v; the same bytes: %v", err, string(got) == string(all))
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
	if err := s.CloseWrite(); duplex.CanCloseWrite(s) || !errors.Is(err, duplex.ErrNoCloseWrite) {
		t.Errorf("it can half-close: %v, %v", duplex.CanCloseWrite(s), err)
	}
}

func TestCloseAndAbortEndACommandAtItsTerminal(t *testing.T) {
	for _, abort := range []bool{false, true} {
		for _, line := range []string{
			`pty:sh -c "sleep 1000 & echo $!; wait"`,
			`pty:sh -c "trap '' TERM HUP; sleep 1000 & echo $!; while :; do wait; done",grace=50ms`,
		} {
			s := dial(t, line)
			first, err := bufio.NewReader(s).ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			reading := make(chan error, 1)
			go func() {
				_, err := s.Read(make([]byte, 1))
				reading <- err
			}()
			if abort {
				err = duplex.Abort(s, nil)
			} else {
				err = s.Close()
			}
			if err != nil {
				t.Error(err)
			}
			if err := <-reading; !errors.Is(err, net.ErrClosed) {
				t.Errorf("the pending read: %v", err)
			}
			for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
				stat, err := os.ReadFile("/proc/" + strings.TrimSpace(first) + "/stat")
				if err != nil || strings.Contains(string(stat), ") Z ") {
					break
				}
				if time.Now().After(deadline) {
					t.Fatalf("it still runs: %s", stat)
				}
			}
		}
	}
	if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); err != syscall.ECHILD {
		t.Errorf("a child is left: %d, %v", pid, err)
	}
}

// playFollow runs a command at a terminal that says its size whenever that
// changes.
func playFollow() int {
	ctx, cancel := contextUntilInput()
	defer cancel()
	s, err := endpoint.Dial(ctx, `pty:sh -c "trap 'stty size' WINCH; stty size; while :; do sleep 0.02; done"`)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	go func() { <-ctx.Done(); _ = s.Close() }()
	_, _ = io.Copy(os.Stdout, s)
	return 0
}

func TestTheSizeFollowsOurOwnTerminal(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), actor+"=follow")
	master, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 33, Cols: 101})
	if err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer master.Close()
	lines := bufio.NewScanner(master)
	next := func(want string) {
		t.Helper()
		if !lines.Scan() || strings.TrimSpace(lines.Text()) != want {
			t.Fatalf("%q, %v, want %q", lines.Text(), lines.Err(), want)
		}
	}
	next("33 101")
	for _, size := range []pty.Winsize{{Rows: 50, Cols: 132}, {Rows: 10, Cols: 20}} {
		if err := pty.Setsize(master, &size); err != nil {
			t.Fatal(err)
		}
		next(fmt.Sprintf("%d %d", size.Rows, size.Cols))
	}
	_, _ = master.WriteString("\n")
}

func TestPtySaysWhatIsWrongInALine(t *testing.T) {
	for url, text := range map[string]string{
		"pty:no-such-command-here": "run pty:no-such-command-here: no-such-command-here: command not found",
		"pty:":                     "no command",
		"pty:true,rows=70000":      "a terminal has at most 65535 rows and columns",
		"pty:true,rows=x":          `option rows: "x" is not a whole number`,
		"listen:pty:true":          "pty cannot be listened on",
	} {
		s, err := endpoint.Dial(t.Context(), url)
		if err == nil {
			s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), text) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", url, err, text)
		}
	}
}

func TestAShellIsTalkedTo(t *testing.T) {
	s := dial(t, `pty:sh -i,env=PS1=ready> ,env=ENV=`)
	in := bufio.NewReader(s)
	for _, step := range []struct{ until, typed string }{
		{"ready>", "echo $((6*7))\n"},
		{"\n42", "exit 5\n"},
	} {
		for seen := ""; !strings.Contains(seen, step.until); {
			c, err := in.ReadByte()
			if err != nil {
				t.Fatalf("%q, %v", seen, err)
			}
			seen += string(c)
		}
		if _, err := io.WriteString(s, step.typed); err != nil {
			t.Fatal(err)
		}
	}
	_, err := io.Copy(io.Discard, in)
	var exit *endpoint.ExitError
	if !errors.As(err, &exit) || exit.Code != 5 {
		t.Errorf("the shell ended with %v", err)
	}
}
