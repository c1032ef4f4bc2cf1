package duplex_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
)

// Real Node peers. Their programs are in testdata/node.

// nodePeer is a Node program that runs.
type nodePeer struct {
	t     *testing.T
	lines chan string // closed at the end of its output
	ended chan struct{}
	err   error // how it exited; read after ended
	said  strings.Builder
}

// startNode runs a program of testdata/node. The test's end kills it.
func startNode(t *testing.T, program string, args ...any) *nodePeer {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("CI must have Node: %v", err)
		}
		t.Skipf("Node is not installed: %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	cmd := exec.CommandContext(ctx, node, filepath.Join("testdata", "node", program))
	for _, arg := range args {
		cmd.Args = append(cmd.Args, fmt.Sprint(arg))
	}
	p := &nodePeer{t: t, lines: make(chan string, 100), ended: make(chan struct{})}
	cmd.Stderr = &p.said
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			p.lines <- lines.Text()
		}
		close(p.lines)
		p.err = cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		cancel()
		<-p.ended
	})
	return p
}

// line returns the next line of the program's output.
func (p *nodePeer) line() string {
	p.t.Helper()
	line, ok := <-p.lines
	if !ok {
		<-p.ended
		p.t.Fatalf("Node ended: %v\n%s", p.err, &p.said)
	}
	return line
}

// addr returns the address that the program listens on.
func (p *nodePeer) addr() *net.TCPAddr {
	p.t.Helper()
	port, err := strconv.Atoi(p.line())
	if err != nil {
		p.t.Fatal(err)
	}
	return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}
}

// wantRest waits for the program's end and checks what it said until then.
func (p *nodePeer) wantRest(want ...string) {
	p.t.Helper()
	var got []string
	for line := range p.lines {
		got = append(got, line)
	}
	<-p.ended
	if p.err != nil {
		p.t.Errorf("Node ended: %v\n%s", p.err, &p.said)
	}
	if !slices.Equal(got, want) {
		p.t.Errorf("Node said %q, want %q", got, want)
	}
}

// Who ends first keeps reading. A Node peer that does not allow half-open ends
// at once too; one that does may say more.
func TestNodeClientWhosePeerEndsFirst(t *testing.T) {
	for _, tt := range []struct {
		allowHalfOpen bool
		want          []string // on our side
		close         string   // on Node's: bytes read and written
	}{
		{false, []string{"end", "close"}, "close false 5 0"},
		{true, []string{"data after your end", "end", "close"}, "close false 5 14"},
	} {
		t.Run(fmt.Sprintf("allowHalfOpen=%v", tt.allowHalfOpen), func(t *testing.T) {
			var log nodeLog
			counted := make(chan string, 1)
			h := log.handler()
			h.Open = func(c *duplex.Conn) {
				nodeSay(t, c, "hello")
				nodeNoError(t, c.CloseWrite())
			}
			h.Close = func(c *duplex.Conn) {
				log.add("close")
				counted <- fmt.Sprintf("close false %d %d", c.BytesWritten(), c.BytesRead())
			}
			addr := nodeServe(t, &duplex.Server{Handler: h})
			p := startNode(t, "client.js", addr.Port, tt.allowHalfOpen)
			p.wantRest("data hello", "end", tt.close)
			if ours := nodeGet(t, "Close", counted); ours != tt.close {
				t.Errorf("our counters say %q, Node's %q", ours, tt.close)
			}
			log.want(t, tt.want...)
		})
	}
}

// E2 and E3 with a server of Node's.
func TestNodeServerAnswersAfterOurEnd(t *testing.T) {
	for _, tt := range []struct {
		allowHalfOpen bool
		answer, said  string
	}{
		{true, strings.Repeat("QUESTION", 10_000), "answered in time"},
		{false, "", "answered too late"},
	} {
		t.Run(fmt.Sprintf("allowHalfOpen=%v", tt.allowHalfOpen), func(t *testing.T) {
			p := startNode(t, "server.js", tt.allowHalfOpen)
			c := duplex.NewConn(nodeDial(t, p.addr()))
			nodeSay(t, c, "question")
			nodeNoError(t, c.CloseWrite())
			nodeHearEnd(t, c, tt.answer)
			nodeNoError(t, c.Wait(t.Context()))
			nodeNoError(t, c.Close())
			p.wantRest("end question", tt.said)
		})
	}
}

// E1 with a server of Node's, and E13's counters on both sides.
func TestNodeEchoServer(t *testing.T) {
	p := startNode(t, "echo.js")
	c := duplex.NewConn(nodeDial(t, p.addr()))
	text := strings.Repeat("to Node and back ", 1<<16)
	go func() {
		nodeSay(t, c, "first ")
		nodeSay(t, c, text)
		nodeNoError(t, c.CloseWrite())
	}()
	nodeHearEnd(t, c, "first "+text)
	nodeNoError(t, c.Close())
	p.wantRest(fmt.Sprintf("close false %d %d", c.BytesWritten(), c.BytesRead()))
	if n := int64(len("first " + text)); c.BytesRead() != n || c.BytesWritten() != n {
		t.Errorf("%d bytes read and %d written, want %d", c.BytesRead(), c.BytesWritten(), n)
	}
}

func TestNodeClientResetsMidWrite(t *testing.T) {
	var log nodeLog
	reset, closed := make(chan struct{}), make(chan struct{})
	first := true
	h := log.handler()
	h.Open = nil
	h.Data = func(c *duplex.Conn, p []byte) {
		if first {
			first = false
			nodeSay(t, c, "go on")
			<-reset // read no more, so that Node's write is stuck
		}
	}
	h.Error = func(_ *duplex.Conn, err error) { log.add("reset %v", errors.Is(err, syscall.ECONNRESET)) }
	h.Close = func(*duplex.Conn) {
		log.add("close")
		close(closed)
	}
	stuck := nodeListen(t)
	echo := nodeEcho
	srv := &duplex.Server{Func: func(ctx context.Context, s duplex.Stream) error {
		if s.(*net.TCPConn).LocalAddr().String() == stuck.Addr().String() {
			return duplex.Handle(s, h).Wait(ctx)
		}
		return duplex.Handle(s, echo).Wait(ctx)
	}}
	addr := nodeServe(t, srv)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(stuck) }()

	p := startNode(t, "reset.js", stuck.Addr().(*net.TCPAddr).Port)
	p.wantRest("resetting with bytes queued", "close false")
	close(reset)
	nodeGet(t, "Close", closed)
	log.want(t, "reset true", "close")

	other := nodeDial(t, addr)
	nodeSay(t, other, "still served")
	nodeNoError(t, other.CloseWrite())
	nodeHearEnd(t, other, "still served")
	nodeNoError(t, srv.Shutdown(t.Context()))
	if err := nodeGet(t, "Serve", served); err != duplex.ErrServerClosed {
		t.Errorf("Serve returned %v", err)
	}
}

// nodeBulk is what bulk.js says in the end.
type nodeBulk struct {
	Sent, Got               string
	BytesRead, BytesWritten int64
}

func (p *nodePeer) bulk() (b nodeBulk) {
	p.t.Helper()
	if err := json.Unmarshal([]byte(p.line()), &b); err != nil {
		p.t.Fatal(err)
	}
	p.wantRest()
	return b
}

func TestNodePipelinesThroughAJoin(t *testing.T) {
	const size = 8 << 20
	for name, swap := range map[string]bool{"client first": false, "server first": true} {
		t.Run(name, func(t *testing.T) {
			server := startNode(t, "bulk.js", size)
			addr := server.addr()
			results := make(chan duplex.Result, 1)
			proxy := nodeServe(t, &duplex.Server{Func: func(ctx context.Context, s duplex.Stream) error {
				c, err := new(net.Dialer).DialContext(ctx, "tcp", addr.String())
				if err != nil {
					return err
				}
				a, b := s, duplex.FromConn(c)
				if swap {
					a, b = b, a
				}
				r, err := duplex.Join(ctx, a, b)
				nodeNoError(t, err)
				results <- r
				return err
			}})
			client := startNode(t, "bulk.js", size, proxy.Port)
			c, s := client.bulk(), server.bulk()
			if c.Sent != s.Got || s.Sent != c.Got {
				t.Errorf("the hashes differ: client %+v, server %+v", c, s)
			}
			r := nodeGet(t, "Join", results)
			for _, n := range []int64{r.AB.Bytes, r.BA.Bytes, c.BytesRead, c.BytesWritten, s.BytesRead, s.BytesWritten} {
				if n != size {
					t.Errorf("a count is %d, want %d", n, int64(size))
				}
			}
			if r.AB.Reason != duplex.Ended || r.BA.Reason != duplex.Ended {
				t.Errorf("the directions stopped as %v and %v", r.AB.Reason, r.BA.Reason)
			}
		})
	}
}

// The handlers' counters are Node's, crosswise.
func TestNodeCountersEqualOurs(t *testing.T) {
	const size = 1<<20 + 17
	counted := make(chan nodeBulk, 1)
	addr := nodeServe(t, &duplex.Server{Handler: duplex.Handler{
		Data: nodeEcho.Data,
		Close: func(c *duplex.Conn) {
			counted <- nodeBulk{BytesRead: c.BytesRead(), BytesWritten: c.BytesWritten()}
		},
	}})
	node := startNode(t, "bulk.js", size, addr.Port).bulk()
	ours := nodeGet(t, "Close", counted)
	if node.Sent != node.Got {
		t.Error("what came back is not what was sent")
	}
	if ours.BytesRead != node.BytesWritten || ours.BytesWritten != node.BytesRead || ours.BytesRead != size {
		t.Errorf("ours %+v, Node's %+v", ours, node)
	}
}
