package flow

import (
	"fmt"
	"time"
)

// keepAlive asks the peer now and then whether it is there, and says again what
// it may not have heard.
type keepAlive struct {
	every time.Duration
	timer *time.Timer
	heard bool // something came since the last look
	quiet int  // how many looks found nothing
	over  bool
}

// look begins the keep-alive, or ends it when nothing is to be said or heard any
// more. The stream's lock is held, as for all of these.
func (k *keepAlive) look(s *Stream) {
	switch {
	case k.every <= 0 || k.over:
	case s.dead || s.shut || s.send.over() && s.recv.ended:
		k.stop()
	case k.timer == nil:
		k.timer = time.AfterFunc(k.every, func() { k.tick(s) })
	}
}

func (k *keepAlive) stop() {
	k.over = true
	if k.timer != nil {
		k.timer.Stop()
	}
}

func (k *keepAlive) tick(s *Stream) {
	s.mu.Lock()
	defer s.unlock()
	if k.over {
		return
	}
	if k.quiet++; k.heard {
		k.heard, k.quiet = false, 0
	}
	if k.quiet == 2 {
		s.fail(fmt.Errorf("%w: it has not answered for %v", ErrGone, 2*k.every))
		return
	}
	s.sayAgain()
	s.owes.ping = true
	k.timer.Reset(k.every)
}

// sayAgain has everything sent again that the peer may have missed, DATA apart.
func (s *Stream) sayAgain() {
	s.owes.window = !s.recv.drops && !s.recv.ended
	s.owes.fin = s.send.ended && !s.send.stopped
	s.owes.stop = s.rclosed != nil && !s.recv.ended
}
