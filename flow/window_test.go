package flow

import "testing"

// The peer sends a share of what it is allowed, again and again, and the reader
// takes a share of what waits.
func TestTheWindowGrowsOnlyForAReaderThatKeepsUp(t *testing.T) {
	const window, most = 100, 350
	for _, c := range []struct {
		name       string
		sent, read float64
		want       []uint64
	}{
		{"all is used, all is read", 1, 1, []uint64{200, 350, 350, 350}},
		{"all is used, the reader is slow", 1, 0.5, []uint64{100, 100, 100, 100}},
		{"the peer is slow", 0.5, 1, []uint64{100, 100, 100, 100}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := New(Config{Window: window, MaxWindow: most}, func(*Stream) {})
			s.Next() // which allows the first of it
			for _, want := range c.want {
				n := int(c.sent * float64(s.recv.limit-s.recv.received))
				receive(s, Frame{Data, s.recv.received, make([]byte, n)})
				for left := int(c.read * float64(s.recv.waiting())); left > 0; {
					n, err := s.Read(make([]byte, left))
					if err != nil {
						t.Fatal(err)
					}
					left -= n
				}
				s.Next()
				if s.recv.window != want {
					t.Fatalf("the window is %d, want %d", s.recv.window, want)
				}
				if allowed := s.recv.limit - s.recv.read; allowed > want {
					t.Fatalf("%d bytes ahead of the reader are allowed", allowed)
				}
			}
		})
	}
}

func TestTheWindowStaysWithoutAMaximum(t *testing.T) {
	s := New(Config{Window: 100}, func(*Stream) {})
	s.Next()
	receive(s, Frame{Data, 0, make([]byte, 100)})
	if n, err := s.Read(make([]byte, 200)); n != 100 || err != nil || s.recv.window != 100 {
		t.Errorf("%d, %v, and the window is %d", n, err, s.recv.window)
	}
}
