package endpoint

import (
	"context"
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/duplex-go/duplex"
)

// dialOptions are those of every kind that is dialled over a network.
var dialOptions = []Option{
	{"timeout", Duration, DialOnly, "how long one attempt to connect may take; 10s, 0 is as long as the system tries"},
	retryOption,
}

var retryOption = Option{"retry", Count, DialOnly, "how often to try again when that failed; 0. The wait doubles from 100ms to 10s, each time by chance between half and all of it"}

const (
	firstWait = 100 * time.Millisecond
	longWait  = 10 * time.Second
)

// retry dials s as often as its options say.
func retry(ctx context.Context, s *Spec) (duplex.Stream, error) {
	wait := firstWait
	for left := s.Options.Count("retry", 0); ; left-- {
		stream, err := attempt(ctx, s)
		if err == nil || left == 0 || ctx.Err() != nil || hopeless(err) {
			return stream, err
		}
		pause := time.NewTimer(wait/2 + rand.N(wait/2))
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return nil, err // what went wrong says more than that we were stopped
		}
		wait = min(2*wait, longWait)
	}
}

// hopeless reports whether trying again cannot help.
func hopeless(err error) bool {
	var untrusted *tls.CertificateVerificationError
	return errors.Is(err, ErrUsage) || errors.As(err, &untrusted)
}

// attempt dials s once, within its timeout.
func attempt(ctx context.Context, s *Spec) (duplex.Stream, error) {
	if _, has := s.Scheme.option("timeout"); has {
		if d := s.timeout(); d > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, d)
			defer cancel()
		}
	}
	return s.Scheme.Dial(ctx, s)
}

// openTime is how long opening a stream may take where nothing else is said.
const openTime = 10 * time.Second

// timeout returns how long opening a stream may take; 0 is without a bound.
func (s *Spec) timeout() time.Duration {
	if s.Scheme.Patient {
		return s.Options.Duration("timeout", 0)
	}
	return s.Options.Duration("timeout", openTime)
}
