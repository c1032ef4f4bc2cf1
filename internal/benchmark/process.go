package benchmark

import (
	"bufio"
	"context"
	"embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"time"
)

//go:embed peers
var peers embed.FS

// process is a server or a proxy that runs beside us.
type process struct {
	cmd    *exec.Cmd
	addr   string
	output *os.File
	read   chan struct{} // closed when output has been read to its end
	spare  func() bool   // keeps the end of the context from ending it
}

// readyTime is how long a program may take to say where it listens.
const readyTime = 10 * time.Second

// listening is how the programs say where they listen: as duplex and socat do,
// or with the port alone.
var listening = regexp.MustCompile(`^(?:.*listening on (?:.*\D)?)?(\d+)$`)

// start starts a program and waits until it has said where on loopback it
// listens. It ends with ctx; the caller stops it in any case.
func start(ctx context.Context, env []string, args []string) (*process, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.Command(args[0], args[1:]...), output: r, read: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = w, w
	ownGroup(p.cmd)
	err = p.cmd.Start()
	_ = w.Close()
	if err != nil {
		_ = r.Close()
		return nil, err
	}
	p.spare = context.AfterFunc(ctx, func() { killGroup(p.cmd) })
	port, last := make(chan string, 1), ""
	go func() {
		defer close(p.read)
		lines := bufio.NewScanner(r)
		for said := false; lines.Scan(); last = lines.Text() {
			if m := listening.FindStringSubmatch(lines.Text()); m != nil && !said {
				port <- m[1]
				said = true
			}
		}
		_, _ = io.Copy(io.Discard, r)
	}()
	timeout := time.NewTimer(readyTime)
	defer timeout.Stop()
	select {
	case at := <-port:
		p.addr = "127.0.0.1:" + at
		return p, nil
	case <-p.read:
		p.stop()
		return nil, fmt.Errorf("%s has ended before it was ready: %s", args[0], last)
	case <-timeout.C:
		p.stop()
		return nil, fmt.Errorf("%s does not say where it listens; it said: %s", args[0], last)
	case <-ctx.Done():
		p.stop()
		return nil, context.Cause(ctx)
	}
}

// stop ends the program and whatever it has started.
func (p *process) stop() {
	p.spare()
	killGroup(p.cmd)
	_ = p.cmd.Wait()
	_ = p.output.SetReadDeadline(time.Now().Add(time.Second)) // if a child of it lives on
	<-p.read
	_ = p.output.Close()
}
