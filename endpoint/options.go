package endpoint

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Option is an option that a scheme knows.
type Option struct {
	Name string
	Kind Kind   // how its value is written
	Use  Use    // on which side it may stand
	Help string // one line: what it does, and the default
}

// Kind is how an option's value is written.
type Kind uint8

const (
	Text     Kind = iota // anything
	Flag                 // true or false; the name alone is true
	Count                // a whole number from 0
	Bytes                // a size: 64, 64k, 1M, 2G (powers of 1024)
	Duration             // as Go writes it: 300ms, 1m30s; 0 is off
	Mode                 // permissions, in octal: 0600
	Range                // addresses: 127.0.0.0/8, 10.1.2.3; several with + between them
	List                 // anything, and the option may stand several times
)

// String returns how a value of this kind is written, for help texts.
func (k Kind) String() string {
	return [...]string{"TEXT", "true|false", "N", "BYTES", "DURATION", "OCTAL", "CIDR[+CIDR]", "TEXT..."}[k]
}

// Use is the side on which an option may stand.
type Use uint8

const (
	Always     Use = iota // listening or not
	ListenOnly            // behind listen: only
	DialOnly              // not behind listen:
)

// check reports what is wrong with a value.
func (o Option) check(value string) error {
	var err error
	switch o.Kind {
	case Flag:
		if value != "true" && value != "false" {
			err = fmt.Errorf("%q is not true or false", value)
		}
	case Count:
		if _, perr := strconv.ParseUint(value, 10, 31); perr != nil {
			err = fmt.Errorf("%q is not a whole number", value)
		}
	case Bytes:
		_, err = ParseBytes(value)
	case Duration:
		_, err = parseDuration(value)
	case Mode:
		if _, perr := strconv.ParseUint(value, 8, 9); perr != nil {
			err = fmt.Errorf("%q is not permissions in octal, such as 0600", value)
		}
	case Range:
		_, err = parseRange(value)
	case List:
		if strings.Contains(value, listSeparator) {
			err = errors.New("a zero byte cannot be part of it")
		}
	}
	return err
}

// listSeparator stands between the values of a List.
const listSeparator = "\x00"

// ParseBytes reads a size: digits, and k, M, G or T for powers of 1024.
func ParseBytes(s string) (int64, error) {
	digits := strings.TrimRight(s, "kKMGT")
	shift := 0
	if unit := s[len(digits):]; unit != "" {
		shift = 10 * (1 + strings.Index("KMGT", strings.ToUpper(unit)))
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 || len(s)-len(digits) > 1 || n > math.MaxInt64>>shift {
		return 0, fmt.Errorf("%q is not a size, such as 64k or 1M", s)
	}
	return n << shift, nil
}

func parseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is not a duration, such as 300ms or 1m30s", s)
	}
	return d, nil
}

func parseRange(s string) ([]netip.Prefix, error) {
	var list []netip.Prefix
	for part := range strings.SplitSeq(s, "+") {
		p, err := netip.ParsePrefix(part)
		if err != nil {
			a, aerr := netip.ParseAddr(part)
			if aerr != nil {
				return nil, fmt.Errorf("%q is not an address or CIDR", part)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		list = append(list, p.Masked())
	}
	return list, nil
}

// Options are the options of one endpoint, by name. Their values have been
// checked, so that the accessors need no errors; an option that is absent is
// the accessor's default.
type Options map[string]string

// Has reports whether the option was given.
func (o Options) Has(name string) bool { _, ok := o[name]; return ok }

// Text returns the option as it was written, or "".
func (o Options) Text(name string) string { return o[name] }

// Flag returns a yes-or-no option.
func (o Options) Flag(name string, absent bool) bool {
	if v, ok := o[name]; ok {
		return v == "true"
	}
	return absent
}

// Count returns a number.
func (o Options) Count(name string, absent int) int {
	if v, ok := o[name]; ok {
		n, _ := strconv.Atoi(v)
		return n
	}
	return absent
}

// Bytes returns a size.
func (o Options) Bytes(name string, absent int64) int64 {
	if v, ok := o[name]; ok {
		n, _ := ParseBytes(v)
		return n
	}
	return absent
}

// Duration returns a duration.
func (o Options) Duration(name string, absent time.Duration) time.Duration {
	if v, ok := o[name]; ok {
		d, _ := parseDuration(v)
		return d
	}
	return absent
}

// Mode returns permissions.
func (o Options) Mode(name string, absent uint32) uint32 {
	if v, ok := o[name]; ok {
		n, _ := strconv.ParseUint(v, 8, 9)
		return uint32(n)
	}
	return absent
}

// Range returns the addresses that are allowed; none were named if it is nil.
func (o Options) Range(name string) []netip.Prefix {
	if v, ok := o[name]; ok {
		list, _ := parseRange(v)
		return list
	}
	return nil
}

// List returns the values of an option that may stand several times.
func (o Options) List(name string) []string {
	if v, ok := o[name]; ok {
		return strings.Split(v, listSeparator)
	}
	return nil
}

// option returns the scheme's option of that name.
func (s Scheme) option(name string) (Option, bool) {
	i := slices.IndexFunc(s.Options, func(o Option) bool { return o.Name == name })
	if i < 0 {
		return Option{}, false
	}
	return s.Options[i], true
}

// OptionsOf returns those options of a scheme, for kinds that are registered
// from elsewhere and share them.
func OptionsOf(scheme string, names ...string) []Option {
	s, _ := find(scheme)
	list := make([]Option, 0, len(names))
	for _, name := range names {
		o, ok := s.option(name)
		if !ok {
			panic(fmt.Sprintf("endpoint: %s has no option %s", scheme, name))
		}
		list = append(list, o)
	}
	return list
}

// optionList returns the scheme's options, for errors.
func (s Scheme) optionList() string {
	if len(s.Options) == 0 {
		return s.Name + " has none"
	}
	var names []string
	for _, o := range s.Options {
		names = append(names, o.Name)
	}
	slices.Sort(names)
	return s.Name + " knows " + strings.Join(names, ", ")
}
