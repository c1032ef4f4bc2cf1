// Package quic adds the endpoint quic://host:port to package endpoint: a stream is
// one stream of a QUIC connection, and all that a program dials at one place share
// a connection.
//
// An end is a FIN. Giving up reading is STOP_SENDING, an abort that and
// RESET_STREAM, with the codes below. What QUIC leaves open is agreed on under the
// ALPN protocol duplex.v1:
//
//   - A stream begins with the byte 1, since a peer hears of a stream only when
//     something is sent on it.
//   - Each side opens one unidirectional stream and sends on it, in eight bytes in
//     network order, the number of every stream that it has read to the end or
//     closed. A QUIC connection that is closed takes along what its peer has not
//     read: so the dialler closes it when all its streams are known to be done.
//   - Of a stream that it has aborted the number has its first bit set, and the
//     cause follows: two bytes with the length, and at most [MaxCause] bytes of
//     text. If there are any, RESET_STREAM and STOP_SENDING have the code 4. The
//     peer answers by the number with its second bit set: no sooner does the
//     dialler close the connection, which would drop an abort that was lost on its
//     way.
package quic

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
	"github.com/quic-go/quic-go"
)

// Protocol is the ALPN protocol that both sides have to speak.
const Protocol = "duplex.v1"

// The codes of RESET_STREAM, STOP_SENDING and CONNECTION_CLOSE.
const (
	codeClosed  = 0 // nothing more is read; or, of a connection, it has done its work
	codeAborted = 1
	codeCut     = 2 // closed while a write was under way
	codeRefused = 3 // nobody accepts it

	codeExplained = 4 // aborted, and the cause is reported
)

// begin is the first byte of a stream, the version of what follows.
const begin = 1

// The defaults of the options, and bounds that have none.
const (
	openTime   = 10 * time.Second
	pingTime   = 10 * time.Second
	windowSize = 1 << 20
	backlog    = 128
	perConn    = 100  // streams at once on a connection
	mostConns  = 1024 // connections at once of a listener
	lingerTime = time.Minute
	causeTime  = time.Second // within which the cause of an abort has to come
)

func init() {
	endpoint.Register(endpoint.Scheme{
		Name:    "quic",
		Form:    "quic://host:port",
		Summary: "a stream of a QUIC connection, with the certificates of tls; what is dialled at one place shares a connection",
		Ends:    "an end is a FIN and the other direction goes on; a connection that is lost is an error, never an end; an abort is RESET_STREAM",
		Options: slices.Concat(ownOptions, endpoint.OptionsOf("tls", "ca", "servername", "insecure", "cert", "key", "clientca", "timeout", "retry", "range", "fork", "max"), endpoint.SilenceOptions()),
		Check: func(s *endpoint.Spec) error {
			if _, err := hostPort(s); err != nil {
				return err
			}
			return s.CheckTLS()
		},
		Dial:   dial,
		Listen: listen,
	})
}

var ownOptions = []endpoint.Option{
	{Name: "backlog", Kind: endpoint.Count, Use: endpoint.ListenOnly, Help: "how many streams may wait to be accepted; more are refused; 128"},
	{Name: "window", Kind: endpoint.Bytes, Use: endpoint.Always, Help: "how much the peer may send ahead of what is read of a stream; 1M"},
	{Name: "ping", Kind: endpoint.Duration, Use: endpoint.Always, Help: "how often to ask whether the peer is there; one from which nothing came twice as long is gone. The dialler asks, and the shorter time of both counts. 10s, 0 gives up after an hour"},
	{Name: "0rtt", Kind: endpoint.Flag, Use: endpoint.Always, Help: "whoever has dialled this listener before may send before it has answered; both sides have to ask for it. Whoever records that can send it again, and the listener cannot tell: only for what may happen twice; false"},
}

// hostPort returns the address in s.
func hostPort(s *endpoint.Spec) (string, error) {
	u, err := url.Parse("quic:" + s.Target)
	if err != nil {
		return "", endpoint.Usagef("%q is not of the form %s", s.Target, s.Scheme.Form)
	}
	if u.Opaque != "" || u.User != nil || u.Fragment != "" || u.Path != "" && u.Path != "/" {
		return "", endpoint.Usagef("want %s and nothing else", s.Scheme.Form)
	}
	if _, err := strconv.ParseUint(u.Port(), 10, 16); err != nil {
		return "", endpoint.Usagef("no port between 0 and 65535; want %s", s.Scheme.Form)
	}
	host := u.Hostname()
	if host == "" {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, u.Port()), nil
}

// config returns what s says about connections.
func config(s *endpoint.Spec) *quic.Config {
	window := uint64(min(max(s.Options.Bytes("window", windowSize), 1<<10), 1<<30))
	ping := s.Options.Duration("ping", pingTime)
	idle := 2 * ping
	if ping == 0 {
		ping, idle = pingTime, time.Hour
	}
	handshake := s.Options.Duration("timeout", openTime)
	if handshake == 0 {
		handshake = time.Hour
	}
	c := &quic.Config{
		HandshakeIdleTimeout:       handshake,
		MaxIdleTimeout:             idle,
		InitialStreamReceiveWindow: min(window, 512<<10),
		MaxStreamReceiveWindow:     window,
		// One reader that is slow must not hold up those of other streams.
		InitialConnectionReceiveWindow: window * perConn,
		MaxConnectionReceiveWindow:     window * perConn,
		MaxIncomingStreams:             -1,
		MaxIncomingUniStreams:          1,
	}
	if s.Listens {
		c.MaxIncomingStreams = perConn
	} else {
		c.KeepAlivePeriod = ping // one side is enough: the other hears it
	}
	return c
}

// secured returns a TLS configuration for this protocol.
func secured(c *tls.Config, err error) (*tls.Config, error) {
	if err != nil {
		return nil, err
	}
	c.MinVersion = tls.VersionTLS13
	c.NextProtos = []string{Protocol}
	return c, nil
}

// why returns an error of the library as a stream has it: what is lost is
// io.ErrUnexpectedEOF, and not net.ErrClosed, which is for what we have closed.
func why(err error) error {
	var (
		stream    *quic.StreamError
		closed    *quic.ApplicationError
		idle      *quic.IdleTimeoutError
		transport *quic.TransportError
	)
	switch {
	case err == nil || err == io.EOF:
		return err
	case errors.As(err, &stream):
		switch {
		case stream.ErrorCode == codeClosed:
			return duplex.ErrPeerClosed
		case stream.ErrorCode == codeCut:
			return fmt.Errorf("the peer has closed within a write: %w", io.ErrUnexpectedEOF)
		case stream.ErrorCode == codeRefused:
			return &duplex.AbortError{Cause: errRefused}
		}
		return &duplex.AbortError{Cause: duplex.ErrAborted}
	case errors.Is(err, quic.Err0RTTRejected):
		return fmt.Errorf("%w: %w", errEarly, io.ErrUnexpectedEOF)
	case errors.As(err, &idle):
		return fmt.Errorf("the peer does not answer any more: %w", io.ErrUnexpectedEOF)
	case errors.As(err, &closed) && !closed.Remote && closed.ErrorMessage != "":
		return fmt.Errorf("%s: %w", closed.ErrorMessage, io.ErrUnexpectedEOF)
	case errors.As(err, &closed) && closed.ErrorCode == codeClosed:
		return errLeft
	case errors.As(err, &closed):
		return fmt.Errorf("the peer has closed the QUIC connection: %w", io.ErrUnexpectedEOF)
	case errors.As(err, &transport):
		return fmt.Errorf("the QUIC connection has failed: %w (%v)", io.ErrUnexpectedEOF, transport.ErrorCode)
	case errors.Is(err, net.ErrClosed):
		return fmt.Errorf("the QUIC connection is lost: %w", io.ErrUnexpectedEOF)
	}
	return err
}

// errLeft says that the peer has closed all that it had on the connection. A reader
// that had not got an end has lost something; a writer has nobody who reads.
var errLeft = fmt.Errorf("the peer has closed the QUIC connection: %w", io.ErrUnexpectedEOF)

// errRefused is why a listener aborts what it does not accept.
var errRefused = errors.New("the listener takes no more streams now")

// openError says why a connection could not be opened.
func openError(ctx context.Context, err error, name string) error {
	var (
		handshake *quic.HandshakeTimeoutError
		idle      *quic.IdleTimeoutError
		transport *quic.TransportError
	)
	if cause := context.Cause(ctx); cause == context.DeadlineExceeded {
		return fmt.Errorf("nobody has answered in time: %w", cause)
	} else if cause != nil {
		return cause
	}
	if explained := endpoint.ExplainTLS(err, name); explained != err {
		return explained
	}
	switch {
	case errors.As(err, &handshake), errors.As(err, &idle):
		return fmt.Errorf("nobody has answered in time: %w", context.DeadlineExceeded)
	case errors.As(err, &transport) && transport.ErrorCode.IsCryptoError():
		if transport.ErrorCode == 0x100+120 { // the alert no_application_protocol
			return fmt.Errorf("the peer speaks QUIC, and not %s over it", Protocol)
		}
		return fmt.Errorf("the TLS handshake failed: %s", transport.ErrorMessage)
	}
	return err
}
