package duplex_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/duplex-go/duplex"
)

// R63: at no time more connections than allowed, in all and from one address;
// who is too much is told so at once, and room that was made is given away.
func TestR63_ConnectionsAreLimitedInAllAndForEveryHost(t *testing.T) {
	const most, host = 50, 20
	var mu sync.Mutex
	now := make(map[netip.Addr]int)
	var all, peak, peakHost int
	count := func(c *duplex.Conn, by int) {
		mu.Lock()
		defer mu.Unlock()
		a := c.RemoteAddr().(*net.TCPAddr).AddrPort().Addr()
		all += by
		now[a] += by
		peak, peakHost = max(peak, all), max(peakHost, now[a])
	}
	var dropped atomic.Int64
	s := &duplex.Server{
		MaxConns: most, MaxPerHost: host,
		Dropped: func(local, remote net.Addr) { dropped.Add(1) },
		Handler: duplex.Handler{
			Open:  func(c *duplex.Conn) { count(c, 1); c.Write([]byte("in")) },
			Close: func(c *duplex.Conn) { count(c, -1) },
		},
	}
	addr, _ := serve(t, s)
	var attempts, refused atomic.Int64
	var clients sync.WaitGroup
	for from := range byte(5) {
		for range 10 {
			clients.Go(func() {
				d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1+from)}}
				for range tenth(400) {
					c, err := d.Dial("tcp", addr)
					if err != nil {
						t.Error(err)
						return
					}
					attempts.Add(1)
					if _, err := io.ReadFull(c, make([]byte, 2)); err != nil {
						refused.Add(1)
					}
					_ = c.(*net.TCPConn).CloseWrite()
					_, _ = io.Copy(io.Discard, c)
					_ = c.Close()
				}
			})
		}
	}
	clients.Wait()
	eventually(t, "all to be gone", func() bool { return s.Active() == 0 })
	mu.Lock()
	if refused.Load() != dropped.Load() || peak > most || peakHost > host {
		t.Errorf("%d of %d refused, %d dropped; at most %d at once, %d from one address",
			refused.Load(), attempts.Load(), dropped.Load(), peak, peakHost)
	}
	mu.Unlock()

	// One host that holds all it may have leaves room for others.
	var held []net.Conn
	for range host {
		c := dial(t, addr)
		receive(t, c, "in")
		held = append(held, c)
	}
	wantError(t, untilError(dial(t, addr)), io.EOF)
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 9)}}
	other, err := d.Dial("tcp", addr)
	noError(t, err)
	receive(t, other, "in")
	noError(t, other.Close())
	noError(t, held[0].Close())
	eventually(t, "room for the host again", func() bool {
		c, err := net.Dial("tcp", addr)
		noError(t, err)
		defer c.Close()
		_, err = io.ReadFull(c, make([]byte, 2))
		return err == nil
	})
}

// serveIdle runs both forms of an echo server with bounds on silence, in
// virtual time, and calls talk with a client and how long ago it came.
func serveIdle(t *testing.T, firstByte, idle time.Duration, talk func(t *testing.T, client *duplex.PairEnd, since func() time.Duration) (failed error)) {
	for name, form := range echoForms {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				failures := make(chan error, 1)
				s := form()
				s.FirstByte, s.Idle = firstByte, idle
				s.Failed = func(_ net.Addr, err error) { failures <- err }
				server, client := duplex.Pair()
				served := background(func() error { return s.Serve(newScript(server)) })
				began := time.Now()
				want := talk(t, client, func() time.Duration { return time.Since(began) })
				_ = client.Close()
				synctest.Wait()
				select {
				case err := <-failures:
					if want == nil {
						t.Errorf("the connection failed: %v", err)
					} else {
						wantError(t, err, want)
					}
				default:
					if want != nil {
						t.Error("no failure was told")
					}
				}
				noError(t, s.Close())
				wantError(t, <-served, duplex.ErrServerClosed)
			})
		})
	}
}

// R31: who sends nothing is gone in time.
func TestR31_ServerBoundsTheFirstByte(t *testing.T) {
	serveIdle(t, 10*time.Second, 0, func(t *testing.T, client *duplex.PairEnd, since func() time.Duration) error {
		err := oneByte(client)
		wantError(t, err, duplex.ErrIdle, duplex.ErrAborted)
		if since() != 10*time.Second {
			t.Errorf("the silent one was cut after %v", since())
		}
		return duplex.ErrIdle
	})
	serveIdle(t, 10*time.Second, 0, func(t *testing.T, client *duplex.PairEnd, since func() time.Duration) error {
		time.Sleep(9 * time.Second)
		send(t, client, "x")
		receive(t, client, "x")
		time.Sleep(time.Hour) // it has had its first byte
		send(t, client, "y")
		receive(t, client, "y")
		noError(t, client.CloseWrite())
		wantError(t, oneByte(client), io.EOF)
		return nil
	})
}

func TestServerBoundsSilence(t *testing.T) {
	serveIdle(t, 0, time.Minute, func(t *testing.T, client *duplex.PairEnd, since func() time.Duration) error {
		for range 10 {
			time.Sleep(50 * time.Second)
			send(t, client, "x")
			receive(t, client, "x")
		}
		last := since()
		wantError(t, oneByte(client), duplex.ErrIdle)
		if silent := since() - last; silent < time.Minute || silent > 75*time.Second {
			t.Errorf("cut after a silence of %v", silent)
		}
		return os.ErrDeadlineExceeded
	})
	// A peer that does not read what it asked for keeps no connection either,
	// but one that reads slowly does.
	serveIdle(t, 0, time.Minute, func(t *testing.T, client *duplex.PairEnd, since func() time.Duration) error {
		wrote := background(func() error {
			_, err := client.Write(pattern(10 * duplex.DefaultHighWaterMark))
			return err
		})
		for range 10 {
			time.Sleep(50 * time.Second)
			_, err := io.CopyN(io.Discard, client, 256)
			noError(t, err)
		}
		wantError(t, <-wrote, duplex.ErrIdle)
		return duplex.ErrIdle
	})
}

// What the kernel moves from socket to socket no counter sees until its end.
func TestServerSilenceIsNotWhatTheKernelMovesAlone(t *testing.T) {
	_, sink := startServer(t, &duplex.Server{Func: func(_ context.Context, s duplex.Stream) error {
		_, err := io.Copy(io.Discard, s)
		return err
	}})
	failed := make(chan error, 1)
	_, addr := startServer(t, &duplex.Server{
		Idle: 200 * time.Millisecond, FirstByte: 200 * time.Millisecond,
		Failed: func(_ net.Addr, err error) { failed <- err },
		Func: func(ctx context.Context, s duplex.Stream) error {
			to, err := net.Dial("tcp", sink)
			if err != nil {
				return err
			}
			defer to.Close()
			_, err = io.Copy(to, s)
			return err
		},
	})
	c := dial(t, addr)
	for range 60 { // three times the bound
		send(t, c, "piece")
		time.Sleep(10 * time.Millisecond)
	}
	noError(t, c.CloseWrite())
	wantError(t, untilError(c), io.EOF)
	select {
	case err := <-failed:
		t.Errorf("a flowing connection was cut: %v", err)
	default:
	}
	silent := dial(t, addr)
	if err := untilError(silent); err != nil && !errors.Is(err, io.EOF) {
		t.Log(err) // a reset, since it is cut
	}
	wantError(t, <-failed, duplex.ErrIdle)
}
