package load_test

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/duplex-go/duplex/internal/load"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// straight joins nothing: it is the server itself.
func straight(back string) (addr string, pid int, stop func(), err error) {
	return "127.0.0.1:" + back, os.Getpid(), func() {}, nil
}

// bare starts a bare server and returns its address.
func bare(t *testing.T, b load.Bare) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- b.Serve(l) }()
	t.Cleanup(func() {
		_ = l.Close()
		if err := <-served; !errors.Is(err, net.ErrClosed) {
			t.Errorf("the server: %v", err)
		}
	})
	return l.Addr().String()
}

func TestALoopCountsRoundTrips(t *testing.T) {
	l, err := load.NewLoop(bare(t, load.Bare{}), 3, 100_000)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	l.Begin()
	for l.Trips < 10 {
		if err := l.Run(10 * time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	if l.Rate() <= 0 || l.All <= l.Trips {
		t.Errorf("%d of %d round trips were timed, %v a second", l.Trips, l.All, l.Rate())
	}
	l.Begin()
	if l.Trips != 0 || l.All != 0 || l.Busy != 0 {
		t.Errorf("begun anew: %+v", l)
	}
}

func TestALoopSaysWhenItsServerFails(t *testing.T) {
	port, stop, err := load.Serve(func(c *net.TCPConn) error {
		_, err := io.ReadFull(c, make([]byte, 5))
		return err // and closes: half a message is lost
	})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	l, err := load.NewLoop("127.0.0.1:"+port, 2, 10)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := l.Run(time.Millisecond); err == nil || !strings.Contains(err.Error(), "echo") {
		t.Errorf("got %v", err)
	}
}

func TestBulkMovesAllBytes(t *testing.T) {
	for _, both := range []bool{false, true} {
		if rate, err := load.Bulk(straight, 3<<20+17, both); err != nil || rate <= 0 {
			t.Errorf("both ways %v: %v MB/s, %v", both, rate, err)
		}
	}
}

// A join that loses bytes must not be measured.
func TestBulkFindsOutWhatIsLost(t *testing.T) {
	lossy := func(back string) (string, int, func(), error) {
		port, stop, err := load.Serve(func(c *net.TCPConn) error {
			to, err := net.Dial("tcp", "127.0.0.1:"+back)
			if err != nil {
				return err
			}
			defer to.Close()
			_, err = io.CopyN(to, c, 1<<20)
			_ = to.(*net.TCPConn).CloseWrite()
			_, _ = io.Copy(io.Discard, c)
			return err
		})
		return "127.0.0.1:" + port, 0, stop, err
	}
	if rate, err := load.Bulk(lossy, 2<<20, true); err == nil {
		t.Errorf("%v MB/s of something that loses half", rate)
	}
}

func TestPingPongHasAMedian(t *testing.T) {
	half, most, err := load.PingPong(straight, 1000, 2, 100)
	if err != nil || half <= 0 || most < half {
		t.Errorf("median %v, 99 of 100 %v, %v", half, most, err)
	}
}

func TestBeatsAreRead(t *testing.T) {
	port, stop, err := load.Serve(func(c *net.TCPConn) error {
		if _, err := c.Write(make([]byte, 8<<20)); err != nil { // more than the kernel takes of what nobody reads
			return err
		}
		_, err := io.Copy(io.Discard, c)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	b, err := load.NewBeats("127.0.0.1:"+port, 2, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.Close()
	stop() // which waits for the server to have got rid of all
	l, err := net.Dial("tcp", bare(t, load.Bare{Beat: time.Millisecond}))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := io.ReadFull(l, make([]byte, 3)); err != nil {
		t.Errorf("a bare server does not beat: %v", err)
	}
}

func TestMemoryIsOfTheProcessGroup(t *testing.T) {
	if kib, err := load.Memory(1 << 30); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("of nobody: %d KiB, %v", kib, err)
	}
}

func TestLogsAreTheSameEachTime(t *testing.T) {
	a, b := load.Logs(10_000), load.Logs(10_000)
	if string(a) != string(b) || len(a) < 10_000 || strings.Count(string(a), "\n") < 20 {
		t.Errorf("%d and %d bytes", len(a), len(b))
	}
}
