// Package endpoint makes streams of URLs: tcp://host:port is dialled or
// listened on, and so is unix:///path; "-" is standard input and output.
//
// A URL names the endpoint and nothing else; the same one is used on both
// sides. A program adds schemes of its own with [Register].
package endpoint

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/duplex-go/duplex"
)

// Scheme is a kind of endpoint.
type Scheme struct {
	// Name is what stands before the colon, such as "tcp".
	Name string
	// Form is how such a URL is written, such as "tcp://host:port".
	Form string
	// Dial opens a stream. It returns early when ctx ends; the stream lives on
	// after that. Nil if the kind cannot be dialled.
	Dial func(ctx context.Context, u *url.URL) (duplex.Stream, error)
	// Listen opens a listener, whose connections have CloseWrite if the kind
	// can half-close. Nil if the kind cannot be listened on.
	Listen func(ctx context.Context, u *url.URL) (net.Listener, error)
}

var (
	registry sync.RWMutex
	schemes  = map[string]Scheme{
		"tcp":  tcpScheme,
		"unix": unixScheme,
	}
)

// Register adds a scheme, or replaces the one of that name. It may be called
// at any time.
func Register(s Scheme) {
	registry.Lock()
	defer registry.Unlock()
	schemes[s.Name] = s
}

// Schemes returns the known schemes, by name.
func Schemes() []Scheme {
	registry.RLock()
	defer registry.RUnlock()
	list := slices.Collect(maps.Values(schemes))
	slices.SortFunc(list, func(a, b Scheme) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// ErrUsage is matched by errors about a URL that is wrong in itself, whatever
// the state of the network.
var ErrUsage = errors.New("wrong endpoint")

// Error says what could not be done with an endpoint. It unwraps to the cause,
// so that errors.Is(err, syscall.ECONNREFUSED) and the like work.
type Error struct {
	Op  string // "dial" or "listen on"
	URL string // as it was given
	Err error
}

func (e *Error) Error() string { return fmt.Sprintf("%s %s: %v", e.Op, e.URL, reason(e.Err)) }
func (e *Error) Unwrap() error { return e.Err }

// reason returns the part of err that the URL does not say already.
func reason(err error) error {
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return fmt.Errorf("%s: %s", dns.Name, dns.Err)
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return reason(op.Err)
	}
	var call interface {
		error
		Timeout() bool
		Unwrap() error
	}
	if errors.As(err, &call) && call.Unwrap() != nil {
		return call.Unwrap() // a system call's name says nothing to an operator
	}
	return err
}

// Dial opens the stream that rawURL names. ctx bounds the opening only. The
// URL "-" is standard input and output; see [Stdio].
//
// The error is an *[Error]; it matches [ErrUsage] if no network could have
// made it work.
func Dial(ctx context.Context, rawURL string) (duplex.Stream, error) {
	if rawURL == "-" {
		return Stdio()
	}
	s, u, err := find(rawURL)
	if err == nil && s.Dial == nil {
		err = usage("%s cannot be dialled", s.Name)
	}
	var stream duplex.Stream
	if err == nil {
		stream, err = s.Dial(ctx, u)
	}
	if err != nil {
		return nil, &Error{"dial", rawURL, err}
	}
	return stream, nil
}

// Listen opens a listener on what rawURL names, with or without "listen:"
// before it. ctx bounds the opening only. The connections it accepts satisfy
// [duplex.Stream] if the kind can half-close. Errors are like those of [Dial].
//
// A URL without a host means this machine alone: to be reached from others,
// write the address.
func Listen(ctx context.Context, rawURL string) (net.Listener, error) {
	rawURL = strings.TrimPrefix(rawURL, "listen:")
	s, u, err := find(rawURL)
	if err == nil && s.Listen == nil {
		err = usage("%s cannot be listened on", s.Name)
	}
	var l net.Listener
	if err == nil {
		l, err = s.Listen(ctx, u)
	}
	if err != nil {
		return nil, &Error{"listen on", rawURL, err}
	}
	return l, nil
}

// URL returns the URL under which l can be dialled.
func URL(l net.Listener) string {
	a := l.Addr()
	if a.Network() == "unix" {
		return (&url.URL{Scheme: "unix", Path: a.String()}).String()
	}
	return a.Network() + "://" + a.String()
}

// find returns the scheme of rawURL and its parts.
func find(rawURL string) (Scheme, *url.URL, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		var parse *url.Error
		if errors.As(err, &parse) {
			err = parse.Err // the rest repeats the URL
		}
		return Scheme{}, nil, usage("%v", err)
	}
	registry.RLock()
	s, ok := schemes[u.Scheme]
	registry.RUnlock()
	if !ok {
		var forms []string
		for _, s := range Schemes() {
			forms = append(forms, s.Form)
		}
		if u.Scheme == "" || !strings.Contains(rawURL, ":") {
			return s, nil, usage("no scheme; known are %s", strings.Join(forms, ", "))
		}
		return s, nil, usage("unknown scheme %q; known are %s", u.Scheme, strings.Join(forms, ", "))
	}
	if u.RawQuery != "" {
		name, _, _ := strings.Cut(u.RawQuery, "=")
		return s, nil, usage("unknown option %q; %s has none", name, s.Name)
	}
	return s, u, nil
}

// usage returns an error that matches ErrUsage.
func usage(format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...)}
}

type usageError struct{ text string }

func (e *usageError) Error() string        { return e.text }
func (e *usageError) Is(target error) bool { return target == ErrUsage }
