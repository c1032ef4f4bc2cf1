package codec

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// form is the options of one transform, each with where its value goes.
type form struct {
	options []option
	check   func() error // of the values together; nil if there is nothing to say
}

type option struct {
	Option
	set func(value string) error
}

// set takes the options as they are written.
func (f *form) set(text string) error {
	if text == "" {
		return nil
	}
	seen := make(map[string]bool)
	for part := range strings.SplitSeq(text, ",") {
		name, value, given := strings.Cut(part, "=")
		i := slices.IndexFunc(f.options, func(o option) bool { return o.Name == name })
		switch {
		case i < 0:
			return f.unknown(name)
		case seen[name]:
			return fmt.Errorf("%s is given twice", name)
		case !given && f.options[i].Value != "":
			return fmt.Errorf("%s needs a value, %s", name, f.options[i].Value)
		}
		if !given {
			value = "true"
		}
		seen[name] = true
		if err := f.options[i].set(value); err != nil {
			return fmt.Errorf("%s=%s: %w", name, value, err)
		}
	}
	if f.check != nil {
		return f.check()
	}
	return nil
}

func (f *form) unknown(name string) error {
	if len(f.options) == 0 {
		return fmt.Errorf("there is no option %q, as it has none", name)
	}
	var names []string
	for _, o := range f.options {
		names = append(names, o.Name)
	}
	return fmt.Errorf("there is no option %q; there are %s", name, strings.Join(names, ", "))
}

func (f *form) add(name, value, help string, set func(string) error) {
	f.options = append(f.options, option{Option{name, value, help}, set})
}

// integer is an option from low to high.
func (f *form) integer(name string, low, high int, help string, set func(int)) {
	between := fmt.Sprintf("%d to %d", low, high)
	f.add(name, between, help, func(s string) error {
		n, err := strconv.Atoi(s)
		if err != nil || n < low || n > high {
			return fmt.Errorf("not %s", between)
		}
		set(n)
		return nil
	})
}

// word is an option whose value is one of a few words. It sets the word's
// index.
func (f *form) word(name string, words []string, help string, set func(int)) {
	f.add(name, strings.Join(words, "|"), help, func(s string) error {
		i := slices.Index(words, s)
		if i < 0 {
			return fmt.Errorf("not one of %s", strings.Join(words, ", "))
		}
		set(i)
		return nil
	})
}

// flag is an option that is on or off. Its value may be left out.
func (f *form) flag(name, help string, set func(bool)) {
	f.add(name, "", help, func(s string) error {
		on, err := strconv.ParseBool(s)
		if err != nil {
			return errors.New("not true or false")
		}
		set(on)
		return nil
	})
}

// text is an option that is any text.
func (f *form) text(name, help string, set func(string)) {
	f.add(name, "TEXT", help, func(s string) error {
		set(s)
		return nil
	})
}

// size is a number of bytes from low to high, such as 64k.
func (f *form) size(name string, low, high int64, help string, set func(int64)) {
	between := fmt.Sprintf("%d to %d", low, high)
	if high == math.MaxInt64 {
		between = fmt.Sprintf("%d or more", low)
	}
	f.add(name, "BYTES", help, func(s string) error {
		n, ok := parseSize(s)
		if !ok || n < low || n > high {
			return fmt.Errorf("not a size such as 64k or 1M, %s", between)
		}
		set(n)
		return nil
	})
}

// parseSize reads a number with a unit of k, M, G or T, powers of 1,024.
func parseSize(s string) (int64, bool) {
	shift := 0
	if n := len(s); n > 0 {
		if i := strings.IndexByte("KMGT", s[n-1]&^0x20); i >= 0 {
			s, shift = s[:n-1], 10*(i+1)
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n << shift, err == nil && n >= 0 && n <= math.MaxInt64>>shift
}
