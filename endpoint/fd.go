package endpoint

import (
	"context"
	"net"
	"slices"
	"strconv"

	"github.com/duplex-go/duplex"
)

func fdScheme() Scheme {
	return Scheme{
		Name:    "fd",
		Form:    "fd:N",
		Opens:   "take",
		Summary: "a socket that this process has been given as a descriptor; listen:fd:3 listens on one from systemd's socket activation",
		Ends:    "as those of the socket: a FIN and a reset for TCP, a shutdown for Unix",
		Options: slices.Concat(listenOptions, servingOptions, silenceOptions),
		Check: func(s *Spec) error {
			_, err := s.descriptor()
			return err
		},
		Dial: func(_ context.Context, s *Spec) (duplex.Stream, error) {
			fd, err := s.descriptor()
			if err != nil {
				return nil, err
			}
			return takeConn(fd)
		},
		Listen: func(_ context.Context, s *Spec) (net.Listener, error) {
			fd, err := s.descriptor()
			if err != nil {
				return nil, err
			}
			if err := activated(fd); err != nil {
				return nil, err
			}
			return takeListener(fd)
		},
	}
}

// descriptor returns the number in s.
func (s *Spec) descriptor() (int, error) {
	n, err := strconv.ParseUint(s.Target, 10, 31)
	switch {
	case err != nil:
		return 0, usage("%q is not the number of a descriptor; want %s", s.Target, s.Scheme.Form)
	case s.Listens && n < firstActivated:
		return 0, usage("descriptors for listening begin with %d", firstActivated)
	}
	return int(n), nil
}

// firstActivated is the first descriptor that systemd passes.
const firstActivated = 3
