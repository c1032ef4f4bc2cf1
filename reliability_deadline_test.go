package duplex_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/duplex-go/duplex"
)

// setting sets a deadline, both counted from the start of the call that it is
// to end: the moment of setting it, 0 being just before the call, and the
// deadline, which never takes back.
type setting struct{ at, to time.Duration }

const never time.Duration = -1 << 63

// TestR10_DeadlinesComeOnTime sets deadlines in the past, the present and the
// future, before a call and while it waits, puts them off and takes them back.
// In virtual time a call has to return at that very moment; then the stream goes
// on without a loss. Sockets do not live in virtual time: see TestR05.
func TestR10_DeadlinesComeOnTime(t *testing.T) {
	for _, c := range []struct {
		name     string
		settings []setting
		want     time.Duration
	}{
		{"past", []setting{{0, -time.Hour}}, 0},
		{"present", []setting{{0, 0}}, 0},
		{"future", []setting{{0, time.Second}}, time.Second},
		{"passed, then anew", []setting{{0, -time.Second}, {0, time.Second}}, time.Second},
		{"while it waits", []setting{{time.Minute, time.Hour}}, time.Hour},
		{"past, while it waits", []setting{{time.Minute, -time.Hour}}, time.Minute},
		{"present, while it waits", []setting{{time.Minute, time.Minute}}, time.Minute},
		{"put off", []setting{{0, time.Second}, {1, time.Hour}}, time.Hour},
		{"put off again and again", []setting{{0, 2}, {1, 4}, {3, 6}, {5, 8}}, 8},
		{"brought forward", []setting{{0, time.Hour}, {1, time.Second}}, time.Second},
		{"taken back", []setting{{0, time.Second}, {1, never}, {time.Hour, 2 * time.Hour}}, 2 * time.Hour},
	} {
		for _, kind := range streamKinds() {
			if kind.MaxBuffered == 0 {
				continue // a socket
			}
			for _, call := range []string{"Read", "Write"} {
				for _, setter := range []string{"Set" + call + "Deadline", "SetDeadline"} {
					t.Run(c.name+"/"+kind.name+"/"+call+" with "+setter, func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) {
							d := newDeadlineTest(t, kind, call, setter)
							d.endsAfter(c.settings, c.want)
							d.goesOn()
							_, _ = d.a.Close(), d.b.Close()
						})
					})
				}
			}
		}
	}
}

// deadlineTest is a call of a that waits for b, and how to set its deadline.
type deadlineTest struct {
	*testing.T
	kind  streamKind
	a, b  duplex.Stream
	call  func() error
	set   func(time.Time) error
	reads bool
	taken int // by the writes of a
}

func newDeadlineTest(t *testing.T, kind streamKind, call, setter string) *deadlineTest {
	d := &deadlineTest{T: t, kind: kind, reads: call == "Read"}
	d.a, d.b = kind.pair(t)
	c := d.a.(interface {
		SetDeadline(time.Time) error
		SetReadDeadline(time.Time) error
		SetWriteDeadline(time.Time) error
	})
	d.set = map[string]func(time.Time) error{
		"SetDeadline": c.SetDeadline, "SetReadDeadline": c.SetReadDeadline, "SetWriteDeadline": c.SetWriteDeadline,
	}[setter]
	d.call = func() error {
		_, err := d.a.Read(make([]byte, 10))
		return err
	}
	if !d.reads {
		d.call = func() error {
			for {
				n, err := d.a.Write(speech[d.taken:][:3000])
				d.taken += n
				if err != nil {
					return err
				}
			}
		}
	}
	return d
}

// endsAfter makes the call and the settings, and checks when it is over.
func (d *deadlineTest) endsAfter(settings []setting, want time.Duration) {
	d.Helper()
	start := time.Now()
	apply := func(s setting) {
		to := start.Add(s.to)
		if s.to == never {
			to = time.Time{}
		}
		if err := d.set(to); err != nil {
			d.Errorf("setting the deadline: %v", err)
		}
	}
	for len(settings) > 0 && settings[0].at == 0 {
		apply(settings[0])
		settings = settings[1:]
	}
	set := make(chan struct{})
	go func() {
		defer close(set)
		for _, s := range settings {
			time.Sleep(time.Until(start.Add(s.at)))
			apply(s)
		}
	}()
	d.timedOut(d.call())
	if got := time.Since(start); got != want {
		d.Errorf("the call returned after %v, want %v", got, want)
	}
	<-set
	if !d.kind.ReadTimeoutFinal || !d.reads {
		d.timedOut(d.call()) // it stays passed
	}
}

func (d *deadlineTest) timedOut(err error) {
	d.Helper()
	var timeout net.Error
	if !errors.Is(err, os.ErrDeadlineExceeded) || !errors.As(err, &timeout) || !timeout.Timeout() {
		d.Errorf("the call returned %v, a %T, want a timeout that matches os.ErrDeadlineExceeded", err, err)
	}
}

// goesOn takes the deadline back and checks that nothing was lost by it.
func (d *deadlineTest) goesOn() {
	d.Helper()
	if err := d.set(time.Time{}); err != nil {
		d.Errorf("taking the deadline back: %v", err)
	}
	if d.reads {
		if !d.kind.ReadTimeoutFinal {
			_, err := d.b.Write([]byte("late"))
			noError(d, err)
			receive(d, d.a, "late")
		}
		return
	}
	ended := make(chan error, 1)
	go func() {
		_, err := d.a.Write(speech[d.taken:][:100])
		ended <- errors.Join(err, d.a.CloseWrite())
	}()
	got, err := io.ReadAll(struct{ io.Reader }{d.b})
	if err != nil || string(got) != string(speech[:d.taken+100]) {
		d.Error(fmt.Errorf("the peer read %d bytes, %w; the writes took %d", len(got), err, d.taken+100))
	}
	noError(d, <-ended)
}
