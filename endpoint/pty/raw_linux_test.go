package pty_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"github.com/creack/pty"
	"github.com/duplex-go/duplex/endpoint"
	"golang.org/x/sys/unix"
)

// contextUntilInput returns a context that ends when somebody types a line.
func contextUntilInput() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = os.Stdin.Read(make([]byte, 1))
		cancel()
	}()
	return ctx, cancel
}

// playRaw puts its terminal in raw mode and leaves as it is told.
func playRaw() int {
	s, err := endpoint.Dial(context.Background(), "-,raw")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Print("raw\n")
	for {
		b := make([]byte, 1)
		if _, err := s.Read(b); err != nil {
			return 2
		}
		switch b[0] {
		case 'c':
			_ = s.Close()
			return 0
		case 'x':
			endpoint.RestoreTerminal()
			os.Exit(3)
		case 'e': // an end of the output ends the reading as well
			_ = s.CloseWrite()
		case 3:
			fmt.Print("^C\n")
		}
	}
}

// TestRawModeIsAlwaysPutBack looks at the terminal of a program that leaves in
// several ways.
func TestRawModeIsAlwaysPutBack(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, leave := range []struct {
		name string
		do   func(master *os.File, p *os.Process) error
	}{
		{"Close", func(m *os.File, _ *os.Process) error { _, err := m.WriteString("c"); return err }},
		{"os.Exit", func(m *os.File, _ *os.Process) error { _, err := m.WriteString("x"); return err }},
		{"SIGHUP", func(_ *os.File, p *os.Process) error { return p.Signal(syscall.SIGHUP) }},
		{"SIGQUIT", func(_ *os.File, p *os.Process) error { return p.Signal(syscall.SIGQUIT) }},
	} {
		t.Run(leave.name, func(t *testing.T) {
			master, slave, err := pty.Open()
			if err != nil {
				t.Fatal(err)
			}
			defer master.Close()
			defer slave.Close() // kept open, so that it can be looked at
			cooked, err := unix.IoctlGetTermios(int(slave.Fd()), unix.TCGETS)
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(self)
			cmd.Env = append(os.Environ(), actor+"=raw", "GOTRACEBACK=none")
			cmd.Stdin, cmd.Stdout = slave, slave
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
			// A signal that this process was started to ignore, as under nohup, would
			// be ignored there too.
			caught := make(chan os.Signal, 1)
			signal.Notify(caught, syscall.SIGHUP)
			err = cmd.Start()
			signal.Stop(caught)
			if err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewReader(master)
			if line, err := lines.ReadString('\n'); line != "raw\n" { // and no \r: nothing is added
				t.Errorf("%q, %v", line, err)
			}
			now, err := unix.IoctlGetTermios(int(slave.Fd()), unix.TCGETS)
			if err != nil || now.Lflag&(unix.ICANON|unix.ECHO|unix.ISIG) != 0 {
				t.Errorf("the terminal is not raw: %v", err)
			}
			if _, err := master.Write([]byte{3}); err != nil {
				t.Error(err)
			}
			if line, err := lines.ReadString('\n'); line != "^C\n" {
				t.Errorf("^C gave %q, %v", line, err)
			}
			if err := leave.do(master, cmd.Process); err != nil {
				t.Error(err)
			}
			_ = cmd.Wait()
			if leave.name == "SIGHUP" && cmd.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGHUP {
				t.Errorf("it did not die of its signal: %v", cmd.ProcessState)
			}
			now, err = unix.IoctlGetTermios(int(slave.Fd()), unix.TCGETS)
			if err != nil || *now != *cooked {
				t.Errorf("the terminal is left as %+v, %v; was %+v", now, err, cooked)
			}
		})
	}
}

func TestRawNeedsATerminal(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), actor+"=raw")
	cmd.Stdin = strings.NewReader("")
	out, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	got, _ := io.ReadAll(out)
	_ = cmd.Wait()
	if want := "open -,raw: option raw: standard input is no terminal\n"; string(got) != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestScriptRunsAProgramAtOurTerminal has script, which makes a terminal of its
// own, run at ours.
func TestScriptRunsAProgramAtOurTerminal(t *testing.T) {
	if _, err := exec.LookPath("script"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	s := dial(t, `pty:script -q -e -c "stty size; exit 6" /dev/null,rows=20,cols=60`)
	got, err := io.ReadAll(s)
	if !strings.Contains(string(got), "20 60") || err == nil || !strings.Contains(err.Error(), "script: exit status 6") {
		t.Errorf("%q, %v", got, err)
	}
}
