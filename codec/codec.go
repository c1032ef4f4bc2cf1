// Package codec names transforms, for programs that get them as text:
//
//	name[:key=value,key=value...]
//
// as in gzip, gzip:level=9,strategy=rle or unzstd:maxoutput=64M. A key that is
// a switch needs no value. List has the names and their keys.
package codec

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/duplex-go/duplex"
)

// ErrUsage is matched by the errors of text that names no transform.
var ErrUsage = errors.New("wrong usage")

// Error says what was wrong with the text of a transform.
type Error struct {
	Text string // the transform as it was written
	Err  error
}

func (e *Error) Error() string { return fmt.Sprintf("transform %s: %v", e.Text, e.Err) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is ErrUsage, as every such error is.
func (e *Error) Is(target error) bool { return target == ErrUsage }

// Kind is a transform that has a name.
type Kind struct {
	Name    string
	Help    string   // one line
	Inverse string   // the name of what undoes it; empty if nothing does
	Options []Option // in the order of their importance
}

// Option is a key of a transform.
type Option struct {
	Name  string
	Value string // what may stand there: a range, words, or empty for a switch
	Help  string // one line, with the default
}

// maker makes a kind's transforms.
type maker struct {
	name, help, inverse string
	// define names the options in f and returns what makes the transform of
	// them, and the one that undoes it, once they have been set.
	define func(f *form) (make, undo func() duplex.Transform)
}

// makers are all of them, family by family.
var makers = slices.Concat(deflateMakers, zstdMakers, brotliMakers, caseMakers, baseMakers)

// List returns every kind there is.
func List() []Kind {
	kinds := make([]Kind, len(makers))
	for i, m := range makers {
		var f form
		m.define(&f)
		k := Kind{Name: m.name, Help: m.help, Inverse: m.inverse}
		for _, o := range f.options {
			k.Options = append(k.Options, o.Option)
		}
		kinds[i] = k
	}
	return kinds
}

// Parse returns the transform that spec names; it is called spec in errors.
func Parse(spec string) (duplex.Transform, error) {
	t, _, err := parse(spec)
	return t, err
}

// Inverse returns the transform that undoes what spec names. It has the options
// that it needs for that, and the defaults of its kind for all others. ok is
// false if nothing undoes it.
func Inverse(spec string) (t duplex.Transform, ok bool, err error) {
	_, undo, err := parse(spec)
	if err != nil || undo == nil {
		return duplex.Transform{}, false, err
	}
	return undo(), true, nil
}

// Pair returns the codec of transforms that stand one after the other: it
// encodes by the first one first, and decodes by what undoes the last one first.
// What nothing undoes, such as upper, does nothing when decoding.
func Pair(specs ...string) (duplex.Codec, error) {
	var encode, decode []duplex.Transform
	for _, spec := range specs {
		t, undo, err := parse(spec)
		if err != nil {
			return duplex.Codec{}, err
		}
		encode = append(encode, t)
		if undo != nil {
			decode = append(decode, undo())
		}
	}
	slices.Reverse(decode)
	return duplex.Codec{Encode: duplex.Compose(encode...), Decode: duplex.Compose(decode...)}, nil
}

func parse(spec string) (t duplex.Transform, undo func() duplex.Transform, err error) {
	name, options, _ := strings.Cut(spec, ":")
	i := slices.IndexFunc(makers, func(m maker) bool { return m.name == name })
	if i < 0 {
		var names []string
		for _, m := range makers {
			names = append(names, m.name)
		}
		return t, nil, &Error{spec, fmt.Errorf("there is no %q; there are %s", name, strings.Join(names, ", "))}
	}
	var f form
	make, undo := makers[i].define(&f)
	if err := f.set(options); err != nil {
		return t, nil, &Error{spec, err}
	}
	return make().Named(spec), undo, nil
}
