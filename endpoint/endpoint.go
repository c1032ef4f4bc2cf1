// Package endpoint makes streams of URLs: tcp://host:port is dialled or
// listened on, unix:///path likewise, "-" is standard input and output.
//
// An endpoint is a scheme, what the scheme makes of the rest, and options:
//
//	tcp://127.0.0.1:3000
//	listen:tcp://127.0.0.1:3000,range=127.0.0.0/8
//	unix:///run/app.sock?timeout=2s
//
// [Schemes] lists what there is; a program adds its own with [Register].
package endpoint

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"os"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/internal/redact"
)

// Scheme is a kind of endpoint.
type Scheme struct {
	// Name is what stands before the colon, such as "tcp".
	Name string
	// Form is how such an endpoint is written, such as "tcp://host:port".
	Form string
	// Summary says in a line what it is.
	Summary string
	// Ends says in a line how the end of a direction is carried.
	Ends string
	// Options are the options it knows.
	Options []Option
	// Command says that the rest is a command line: only options that the
	// scheme knows are taken off its end, and nothing is unescaped.
	Command bool
	// Opens is what an error calls the opening: "dial" if it is empty.
	Opens string
	// Check reports what is wrong with a parsed endpoint before anything is
	// opened, by an error of [Usagef]. Nil checks nothing.
	Check func(s *Spec) error
	// Patient says that without the option timeout an opening takes as long as
	// it must.
	Patient bool
	// Dial opens a stream. It returns early when ctx ends; the stream lives on
	// after that. Nil if the kind cannot be dialled.
	Dial func(ctx context.Context, s *Spec) (duplex.Stream, error)
	// Listen opens a listener, whose connections have CloseWrite if the kind
	// can half-close. Nil if the kind cannot be listened on.
	Listen func(ctx context.Context, s *Spec) (net.Listener, error)
}

// opens returns what an error calls the opening.
func (s Scheme) opens() string { return cmp.Or(s.Opens, "dial") }

// Error says what could not be done with an endpoint. It unwraps to the cause,
// so that errors.Is(err, syscall.ECONNREFUSED) and the like work.
type Error struct {
	Op  string // "dial" or its like, "listen on", "accept on", or "endpoint" when it cannot be read
	URL string // as it was given, but for a password
	Err error
}

// Error says it without the secrets that the endpoint may hold.
func (e *Error) Error() string {
	return fmt.Sprintf("%s %s: %s", e.Op, redact.Text(e.URL), redact.Text(reason(e.Err).Error()))
}

func (e *Error) Unwrap() error { return e.Err }

// reason returns the part of err that the endpoint does not say already.
func reason(err error) error {
	switch e := err.(type) {
	case *net.DNSError:
		return fmt.Errorf("%s: %s", e.Name, e.Err)
	case *net.OpError:
		return reason(e.Err)
	case *os.PathError:
		return e.Err
	case *os.SyscallError: // a system call's name says nothing to an operator
		return e.Err
	}
	return err
}

// Dial opens the stream that text names. ctx bounds the opening only.
//
// The error is an *[Error]; it matches [ErrUsage] if no network could have made
// it work.
func Dial(ctx context.Context, text string) (duplex.Stream, error) {
	s, err := Parse(text)
	if err != nil {
		return nil, err
	}
	return s.Dial(ctx)
}

// Dial opens the stream that s names; see the function [Dial].
func (s *Spec) Dial(ctx context.Context) (duplex.Stream, error) {
	switch {
	case s.Listens:
		return nil, &Error{s.Scheme.opens(), s.text, usage("listen: cannot be dialled")}
	case s.Scheme.Dial == nil:
		return nil, &Error{s.Scheme.opens(), s.text, usage("%s can only be listened on", s.Scheme.Name)}
	}
	stream, err := retry(ctx, s)
	if err != nil {
		return nil, &Error{s.Scheme.opens(), s.text, err}
	}
	return stream, nil
}

// Listen opens a listener on what text names, with or without "listen:" before
// it. ctx bounds the opening only. The connections it accepts satisfy
// [duplex.Stream] if the kind can half-close. Errors are like those of [Dial].
//
// An address without a host means this machine alone: to be reached from
// others, write the address.
func Listen(ctx context.Context, text string) (net.Listener, error) {
	s, err := parseListening(text)
	if err != nil {
		return nil, err
	}
	return s.Listen(ctx)
}

// parseListening reads an endpoint that is to be listened on.
func parseListening(text string) (*Spec, error) {
	const prefix = "listen:"
	full := text
	if len(full) < len(prefix) || full[:len(prefix)] != prefix {
		full = prefix + full
	}
	s, err := parse(full)
	if err != nil {
		return nil, &Error{"listen on", text, err}
	}
	return s, nil
}

// Listen opens a listener on s; see the function [Listen].
func (s *Spec) Listen(ctx context.Context) (net.Listener, error) {
	if s.Scheme.Listen == nil {
		return nil, &Error{"listen on", s.text, usage("%s cannot be listened on", s.Scheme.Name)}
	}
	l, err := s.Scheme.Listen(ctx, s)
	if err != nil {
		return nil, &Error{"listen on", s.text, err}
	}
	return limit(s, l), nil
}

// Open opens one stream: it dials s, or, if s listens, waits for one connection
// and listens no longer. The end of ctx ends the waiting.
func (s *Spec) Open(ctx context.Context) (duplex.Stream, error) {
	if !s.Listens {
		return s.Dial(ctx)
	}
	l, err := s.Listen(ctx)
	if err != nil {
		return nil, err
	}
	return Accept(ctx, l)
}

// Accept accepts one connection from l, closes l and makes the connection ready,
// as [Ready] does. The end of ctx ends the
// waiting; the error is then its cause.
func Accept(ctx context.Context, l net.Listener) (duplex.Stream, error) {
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	c, err := l.Accept()
	interrupted := !stop()
	_ = l.Close()
	switch {
	case interrupted && err != nil:
		return nil, &Error{"accept on", URL(l), context.Cause(ctx)}
	case err != nil:
		return nil, &Error{"accept on", URL(l), err}
	}
	return Ready(ctx, duplex.FromConn(c))
}

// URL returns the URL under which l can be dialled.
func URL(l net.Listener) string {
	if named, ok := l.(interface{ URL() string }); ok {
		return named.URL()
	}
	a := l.Addr()
	if a.Network() == "unix" {
		return unixURL(a.String())
	}
	return a.Network() + "://" + a.String()
}
