package duplextest_test

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/duplex-go/duplex/duplextest"
)

// recorder is a test that is asked at its end what it was told.
type recorder struct {
	testing.TB
	cleanups []func()
	said     []string
}

func (*recorder) Helper()                     {}
func (r *recorder) Cleanup(f func())          { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Failed() bool              { return len(r.said) > 0 }
func (r *recorder) Errorf(f string, v ...any) { r.said = append(r.said, fmt.Sprintf(f, v...)) }

func (r *recorder) end() string {
	for _, f := range r.cleanups {
		f()
	}
	return strings.Join(r.said, "\n")
}

func TestNoLeaksFindsAGoroutine(t *testing.T) {
	r := &recorder{TB: t}
	duplextest.NoLeaks(r)
	stop := make(chan struct{})
	defer close(stop)
	go leftRunning(stop)
	if said := r.end(); !strings.Contains(said, "leftRunning") {
		t.Errorf("it said %q", said)
	}
}

func leftRunning(stop chan struct{}) { <-stop }

func TestNoLeaksFindsADescriptor(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("descriptors are looked at on Linux only")
	}
	r := &recorder{TB: t}
	duplextest.NoLeaks(r)
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if said := r.end(); !strings.Contains(said, os.DevNull) {
		t.Errorf("it said %q", said)
	}
}

func TestNoLeaksWaitsForWhatIsGoing(t *testing.T) {
	r := &recorder{TB: t}
	duplextest.NoLeaks(r)
	going := make(chan struct{})
	go func() {
		for range 100 {
			runtime.Gosched()
		}
		close(going)
	}()
	if said := r.end(); said != "" {
		t.Errorf("it said %q", said)
	}
	<-going
}
