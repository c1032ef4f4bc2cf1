package flow

import (
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/duplex-go/duplex"
)

const asked = 30 * time.Second

// silent lets no message pass.
func silent([]byte) [][]byte { return nil }

func TestAPeerThatDoesNotAnswerIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLink(Config{Ping: asked}, Config{})
		l.start()
		defer l.close()
		synctest.Wait()
		l.ba.pass = silent // from now on
		began := time.Now()
		_, err := l.a.Read(make([]byte, 1))
		if !errors.Is(err, ErrGone) || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("the reader got %v", err)
		}
		if took := time.Since(began); took < 2*asked || took > 3*asked {
			t.Errorf("that took %v", took)
		}
		if _, err := l.a.Write([]byte("x")); !errors.Is(err, ErrGone) {
			t.Errorf("the writer got %v", err)
		}
	})
}

func TestAPeerThatAnswersStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLink(Config{Ping: asked}, Config{})
		l.start()
		defer l.close()
		time.Sleep(100 * asked)
		if _, err := l.a.Write([]byte("x")); err != nil {
			t.Error(err)
		}
		if _, err := l.b.Read(make([]byte, 1)); err != nil {
			t.Error(err)
		}
		_ = l.a.Close()
		_ = l.b.Close()
	})
}

// TestALossIsFound loses the n-th message of one side, whatever it is about.
func TestALossIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size = 5000
		whole := 0
		for lost := range 60 {
			l := newLink(Config{Ping: asked, Window: 1000, MaxPayload: 300}, Config{Ping: asked, Window: 1000, MaxPayload: 300})
			n := 0
			drop := func(m []byte) [][]byte {
				if n++; n == lost/2+1 {
					return nil
				}
				return [][]byte{m}
			}
			if lost%2 == 0 {
				l.ab.pass = drop
			} else {
				l.ba.pass = drop
			}
			l.start()
			wrote := make(chan error, 1)
			go func() {
				_, err := l.a.Write(make([]byte, size))
				if err == nil {
					err = l.a.CloseWrite()
				}
				wrote <- err
			}()
			got, err := io.ReadAll(struct{ io.Reader }{l.b})
			werr := <-wrote
			switch {
			case err == nil && len(got) == size && werr == nil:
				whole++
			case err == nil:
				t.Errorf("without message %d: %d of %d bytes and an end; the writer got %v", lost, len(got), size, werr)
			case !errors.Is(err, io.ErrUnexpectedEOF):
				t.Errorf("without message %d: %v", lost, err)
			}
			_ = l.a.Close()
			_ = l.b.Close()
			synctest.Wait()
			l.close()
		}
		if whole < 10 || whole > 50 { // credit and ends are said again, bytes are not
			t.Errorf("%d of 60 came whole", whole)
		}
	})
}

func TestAnAbortTellsItsCause(t *testing.T) {
	a, b := connected(t, Config{})
	cause := errors.New("disk full\x1b[2J")
	if _, err := a.Write([]byte("before")); err != nil {
		t.Fatal(err)
	}
	_ = duplex.Abort(a, cause)
	got, err := io.ReadAll(b)
	var told *CauseError
	if string(got) != "before" || !errors.Is(err, duplex.ErrAborted) || !errors.As(err, &told) || told.Text != cause.Error() {
		t.Errorf("the reader got %q, %v", got, err)
	}
	if want := `duplex: stream aborted: "disk full\x1b[2J"`; err.Error() != want {
		t.Errorf("it says %s, want %s", err, want)
	}
	if _, err := a.Read(nil); !errors.Is(err, cause) {
		t.Errorf("our own call says %v", err)
	}
	if long := causeText(errors.New(string(make([]byte, MaxCause-1)) + "é")); len(long) != MaxCause-1 {
		t.Errorf("the text of a long cause has %d bytes", len(long))
	}
}

// A carrier that is lost fails what has not ended, and nothing else.
func TestALostCarrierIsNoEnd(t *testing.T) {
	lost := errors.New("the carrier is lost")
	for _, ended := range []bool{false, true} {
		l := newLink(Config{}, Config{})
		s := l.a
		_ = s.Receive(Frame{Data, 0, []byte("came")}.Append(nil)) // before its credit: against the protocol
		if s.dead != true {
			t.Error("bytes without credit were taken")
		}
		s = l.b
		s.Next()
		receive(s, Frame{Data, 0, []byte("came")})
		if ended {
			receive(s, Frame{Kind: Fin, Offset: 4})
		}
		s.Fail(lost)
		got, err := io.ReadAll(s)
		if string(got) != "came" || ended != (err == nil) || !ended && err != lost {
			t.Errorf("ended %v: the reader got %q, %v", ended, got, err)
		}
		if _, err := s.Write([]byte("x")); err != lost {
			t.Errorf("ended %v: the writer got %v", ended, err)
		}
		if m := s.Next(); m != nil {
			t.Errorf("it still sends %x", m)
		}
	}
}
