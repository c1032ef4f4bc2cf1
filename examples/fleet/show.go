package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
)

// process is a server of the fleet in a process of its own.
type process struct {
	cmd          *exec.Cmd
	url, cluster string
}

// start starts a server of the fleet, which knows the others by routes.
func start(ctx context.Context, args ...string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.CommandContext(ctx, self, args...)}
	p.cmd.Stderr = os.Stderr
	said, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(said).ReadString('\n')
	if err != nil {
		p.kill()
		return nil, fmt.Errorf("a server of the fleet has not started: %w", err)
	}
	p.url, p.cluster, _ = strings.Cut(strings.TrimSpace(line), " ")
	return p, nil
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it fails when the process has ended, which is as well
	_ = p.cmd.Wait()
}

// client is a client of the page, and what it has been told.
type client struct {
	name   string
	stream duplex.Stream
	lines  *bufio.Reader
	server string
}

// connect dials the fleet through the server at url and asks who serves.
func connect(ctx context.Context, name, url string) (*client, error) {
	// Another server's listener is known here a moment after it began.
	s, err := endpoint.Dial(ctx, url+"/page,retry=10,ping=500ms")
	if err != nil {
		return nil, err
	}
	c := &client{name: name, stream: s, lines: bufio.NewReader(s)}
	line, err := c.lines.ReadString('\n')
	if err != nil {
		_ = s.Close()
		return nil, err
	}
	c.server = strings.TrimSpace(strings.TrimPrefix(line, "served by "))
	return c, nil
}

// hear reads until a line is heard.
func (c *client) hear(want string) error {
	for {
		line, err := c.lines.ReadString('\n')
		if err != nil || strings.TrimSpace(line) == want {
			return err
		}
	}
}

// show starts a fleet of three, and shows what the loss of one means.
func show(ctx context.Context, out io.Writer) error {
	var fleet []*process
	defer func() {
		for _, p := range fleet {
			p.kill()
		}
	}()
	for i, name := range []string{"one", "two", "three"} {
		args := []string{"-serve=" + name}
		if i == 0 {
			args = append(args, "-beat="+beat.String())
		} else {
			args = append(args, "-route="+fleet[0].cluster)
		}
		p, err := start(ctx, args...)
		if err != nil {
			return err
		}
		fleet = append(fleet, p)
	}
	clients, err := populate(ctx, fleet)
	defer func() {
		for _, c := range clients {
			_ = c.stream.Close()
		}
	}()
	if err != nil {
		return err
	}
	for _, c := range clients {
		if err := c.hear("server beat"); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		fmt.Fprintf(out, "%s is served by %s and hears the beat\n", c.name, c.server)
	}
	fmt.Fprintln(out, "server three is lost")
	fleet[2].kill()
	for _, c := range clients {
		if err := c.after(ctx, out); err != nil {
			return err
		}
	}
	return nil
}

// populate connects clients through the first two servers until each server
// serves one at least, and one through the third.
func populate(ctx context.Context, fleet []*process) (clients []*client, err error) {
	served := make(map[string]bool)
	for i := 0; len(served) < 3; i++ {
		if i == 200 {
			return clients, errors.New("some server serves nobody")
		}
		c, err := connect(ctx, fmt.Sprintf("a client of server %s", []string{"one", "two"}[i%2]), fleet[i%2].url)
		if err != nil {
			return clients, err
		}
		if served[c.server] {
			_ = c.stream.Close() // one of each is enough to look at
			continue
		}
		served[c.server] = true
		clients = append(clients, c)
	}
	c, err := connect(ctx, "a client of server three", fleet[2].url)
	if err == nil {
		clients = append(clients, c)
	}
	return clients, err
}

// after says what has become of a client since server three was lost.
func (c *client) after(ctx context.Context, out io.Writer) error {
	lost := c.server == "three" || c.name == "a client of server three"
	if lost {
		err := c.hear("no such line")
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("%s, served by %s, got %v", c.name, c.server, err)
		}
		fmt.Fprintf(out, "%s, served by %s, gets an error\n", c.name, c.server)
		return nil
	}
	for range 3 {
		if err := c.hear("server beat"); err != nil {
			return fmt.Errorf("%s, served by %s, got %w", c.name, c.server, err)
		}
	}
	if _, err := io.WriteString(c.stream, "all done\n"); err != nil {
		return err
	}
	if err := c.hear("ALL DONE"); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s, served by %s, still talks, and the beat goes on\n", c.name, c.server)
	return ctx.Err()
}
