package quic

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// attempt is what becomes of dialling an address: after so long it answers, or
// fails.
type attempt struct {
	after time.Duration // 0 means never
	err   error
}

func TestAddressesAreTriedOneAfterTheOtherUntilOneAnswers(t *testing.T) {
	refused := errors.New("the peer says no")
	unreachable := &net.OpError{Op: "write", Err: syscall.ENETUNREACH}
	for _, c := range []struct {
		name     string
		attempts []attempt
		takes    time.Duration
		want     string // the address that has answered, or the error
		tried    string
		dropped  string
	}{
		{"the only one", []attempt{{time.Second, nil}}, time.Second, "0", "0", ""},
		{"the first in time", []attempt{{200 * time.Millisecond, nil}, {1, nil}}, 200 * time.Millisecond, "0", "0", ""},
		{"the first is silent", []attempt{{}, {100 * time.Millisecond, nil}}, attemptDelay + 100*time.Millisecond, "1", "0 1", ""},
		{"two are silent", []attempt{{}, {}, {1, nil}, {1, nil}}, 2*attemptDelay + 1, "2", "0 1 2", ""},
		{"the first cannot be sent to", []attempt{{1, unreachable}, {1, nil}}, 2, "1", "0 1", ""},
		{"the first is the faster one after all", []attempt{{300 * time.Millisecond, nil}, {time.Second, nil}}, 300 * time.Millisecond, "0", "0 1", ""},
		{"both at once", []attempt{{attemptDelay + time.Second, nil}, {time.Second, nil}}, attemptDelay + time.Second, "", "0 1", "?"},
		{"somebody says no", []attempt{{1, refused}, {1, nil}}, 1, refused.Error(), "0", ""},
		{"nobody can be sent to", []attempt{{1, unreachable}, {1, fmt.Errorf("later: %w", unreachable)}}, 2, unreachable.Error(), "0 1", ""},
		{"nobody answers", []attempt{{}, {}}, 10 * time.Second, context.DeadlineExceeded.Error(), "0 1", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				var addrs []*net.UDPAddr
				for i := range c.attempts {
					addrs = append(addrs, &net.UDPAddr{Port: i})
				}
				var mu sync.Mutex
				var tried, dropped []string
				under := 0
				count := func(n int, names ...string) {
					mu.Lock()
					defer mu.Unlock()
					under += n
					tried = append(tried, names...)
				}
				began := time.Now()
				got, err := dialFirst(ctx, addrs, func(ctx context.Context, addr *net.UDPAddr) (string, error) {
					name := fmt.Sprint(addr.Port)
					count(1, name)
					defer count(-1)
					a := c.attempts[addr.Port]
					var answer <-chan time.Time
					if a.after > 0 {
						answer = time.After(a.after)
					}
					select {
					case <-answer:
						return name, a.err
					case <-ctx.Done():
						return "", context.Cause(ctx)
					}
				}, func(name string) { dropped = append(dropped, name) })
				if err != nil {
					got = err.Error()
				}
				if took := time.Since(began); took != c.takes {
					t.Errorf("it takes %v, not %v", took, c.takes)
				}
				if under != 0 {
					t.Errorf("%d attempts run on", under)
				}
				if c.dropped == "?" { // either is right, and the other must not be left open
					if both := append(dropped, got); !slices.Contains(both, "0") || len(dropped) > 1 {
						t.Errorf("%q was taken and %q dropped", got, dropped)
					}
				} else if got != c.want || strings.Join(dropped, " ") != c.dropped {
					t.Errorf("%q was taken and %q dropped", got, dropped)
				}
				if all := strings.Join(tried, " "); all != c.tried {
					t.Errorf("%s were tried", all)
				}
			})
		})
	}
}
