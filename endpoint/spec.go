package endpoint

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/duplex-go/duplex/internal/redact"
)

// Spec is a parsed endpoint: its scheme, whether it is listened on, and the
// options that stood with it.
type Spec struct {
	Scheme  Scheme
	Listens bool    // "listen:" stood before it
	Target  string  // what stands behind "scheme:", options apart
	Options Options // as they were written, checked against the scheme's

	text string // without secrets
}

// String returns the endpoint as it was written, with a mask in place of the
// secrets in it: it is what logs and errors show.
func (s *Spec) String() string { return s.text }

// GoString returns the same, for %#v.
func (s *Spec) GoString() string { return s.text }

// Parse reads an endpoint: an optional "listen:", a scheme, and what the scheme
// makes of the rest. "-" is short for "stdio:". Options stand at the end,
// either as in a URL, ?name=value&name=value, or behind commas,
// ,name=value,name=value. A comma, or a question mark, that belongs to a path is
// written %2C, or %3F.
//
// The error matches [ErrUsage]; for an unknown scheme or option it lists the
// known ones.
func Parse(text string) (*Spec, error) {
	s, err := parse(text)
	if err != nil {
		return nil, &Error{"endpoint", text, err}
	}
	return s, nil
}

func parse(text string) (*Spec, error) {
	s := &Spec{text: redact.Text(text)}
	rest, listens := strings.CutPrefix(text, "listen:")
	s.Listens = listens
	if after, ok := strings.CutPrefix(rest, "-"); ok && (after == "" || after[0] == ',' || after[0] == '?') {
		rest = "stdio:" + after
	}
	name, target, ok := strings.Cut(rest, ":")
	if !ok || name == "" {
		return nil, usage("no scheme; known are %s", forms())
	}
	s.Scheme, ok = find(name)
	if !ok {
		return nil, usage("unknown scheme %q; known are %s", name, forms())
	}
	if listens && s.Scheme.Listen == nil {
		return nil, usage("%s cannot be listened on", name)
	}
	var err error
	if s.Scheme.Command {
		err = s.parseCommand(target)
	} else {
		err = s.parseTarget(target)
	}
	if err == nil && s.Scheme.Check != nil {
		err = s.Scheme.Check(s)
	}
	return s, err
}

// parseTarget splits a target that is an address or a path from its options.
func (s *Spec) parseTarget(target string) error {
	var pairs []string
	if path, query, ok := strings.Cut(target, "?"); ok {
		target, pairs = path, strings.Split(query, "&")
	}
	if path, list, ok := strings.Cut(target, ","); ok {
		target, pairs = path, append(strings.Split(list, ","), pairs...)
	}
	for _, pair := range pairs {
		if err := s.option(pair); err != nil {
			return err
		}
	}
	var err error
	if s.Target, err = url.PathUnescape(target); err != nil {
		return usage("%v", err)
	}
	return nil
}

// parseCommand takes options off the end of a command line. Only names that
// the scheme knows are options there, and none are within quotes, so that the
// rest may contain commas.
func (s *Spec) parseCommand(target string) error {
	for {
		i := lastBareComma(target)
		if i < 0 {
			break
		}
		name, _, _ := strings.Cut(target[i+1:], "=")
		if _, ok := s.Scheme.option(name); !ok {
			break
		}
		if err := s.option(target[i+1:]); err != nil {
			return err
		}
		target = target[:i]
	}
	s.Target = target
	return nil
}

// Set adds an option as if it had been written, name=value; a name alone is
// name=true.
func (s *Spec) Set(pair string) error {
	if err := s.option(pair); err != nil {
		return &Error{"endpoint", s.text, err}
	}
	return nil
}

// option adds name=value; a name alone is name=true.
func (s *Spec) option(pair string) error {
	name, value, ok := strings.Cut(pair, "=")
	if !ok {
		value = "true"
	}
	o, known := s.Scheme.option(name)
	if !known {
		if !strings.Contains(s.text, name) { // it is a part of what is masked there
			return usage("a comma or question mark that is no option's is written %%2C or %%3F; %s", s.Scheme.optionList())
		}
		return usage("unknown option %q; %s", name, s.Scheme.optionList())
	}
	value, err := url.PathUnescape(value)
	if err != nil {
		return usage("option %s: %v", name, err)
	}
	switch {
	case o.Use == ListenOnly && !s.Listens:
		return usage("option %s is for listening: write listen: before the endpoint", name)
	case o.Use == DialOnly && s.Listens:
		return usage("option %s is for dialling, not for listening", name)
	}
	if s.Options == nil {
		s.Options = make(Options)
	}
	before, twice := s.Options[name]
	if twice && o.Kind != List {
		return usage("option %s stands there twice", name)
	}
	if err := o.check(value); err != nil {
		return usage("option %s: %v", name, err)
	}
	switch {
	case twice && s.Scheme.Command: // they were taken off from behind
		value += listSeparator + before
	case twice:
		value = before + listSeparator + value
	}
	s.Options[name] = value
	return nil
}

var (
	registry sync.RWMutex
	schemes  = make(map[string]Scheme)
)

// builtin adds the schemes that this package brings along. They are functions,
// since some refer to the registry themselves.
var builtin = sync.OnceFunc(func() {
	for _, s := range []Scheme{tcpScheme(), tlsScheme(), unixScheme(), stdioScheme(), fileScheme(), execScheme(), pipeScheme(), fdScheme()} {
		if _, replaced := schemes[s.Name]; !replaced {
			schemes[s.Name] = s
		}
	}
})

// Register adds a scheme, or replaces the one of that name. It may be called
// at any time.
func Register(s Scheme) {
	registry.Lock()
	defer registry.Unlock()
	schemes[s.Name] = s
}

// find returns the scheme of that name.
func find(name string) (Scheme, bool) {
	registry.Lock()
	builtin()
	registry.Unlock()
	registry.RLock()
	defer registry.RUnlock()
	s, ok := schemes[name]
	return s, ok
}

// Lookup returns the scheme of that name, for those kinds that are registered
// from elsewhere and stand on another one.
func Lookup(name string) (Scheme, bool) { return find(name) }

// Schemes returns the known schemes, by name.
func Schemes() []Scheme {
	find("") // for the built-in ones
	registry.RLock()
	defer registry.RUnlock()
	list := slices.Collect(maps.Values(schemes))
	slices.SortFunc(list, func(a, b Scheme) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// forms returns how endpoints are written, for errors.
func forms() string {
	var list []string
	for _, s := range Schemes() {
		list = append(list, s.Form)
	}
	return strings.Join(list, ", ")
}

// ErrUsage is matched by errors about an endpoint that is wrong in itself,
// whatever the state of the network.
var ErrUsage = errors.New("wrong endpoint")

// Usagef returns an error that matches [ErrUsage], for the Check of a scheme.
func Usagef(format string, args ...any) error { return usage(format, args...) }

func usage(format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...)}
}

type usageError struct{ text string }

func (e *usageError) Error() string        { return e.text }
func (e *usageError) Is(target error) bool { return target == ErrUsage }
