// Package benchmark measures the duplex command beside what else is installed
// on a machine for the same work: it is what "duplex bench" does. The full
// comparison, with servers that must be built first, is bench/.
package benchmark

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/duplex-go/duplex/internal/result"
)

// Run is how all benchmarks are made. Self and Rounds must be set; a nil Step or
// Note is not called.
type Run struct {
	Self   string                          // the duplex command
	Rounds int                             // how often everything is measured
	Sides  []string                        // the only ones to measure; nil is all
	Step   func(done, of int, what string) // called before each of the steps
	Note   func(note string)               // told what is left out, and why

	noted       []string
	done, steps int
}

// ErrNoSide is matched by the failure to find anything to measure.
var ErrNoSide = errors.New("nothing to measure")

// side is one of those that are measured.
type side struct {
	name string
	// args returns the command line; arg is the period of the beat, the port to
	// connect to, or the level.
	args func(arg string) []string
}

// choose returns those of list that are wanted and installed: a side is whatever
// program its command line begins with.
func (r *Run) choose(list []side) (chosen []side, names []string, err error) {
	for _, wanted := range r.Sides {
		if !slices.ContainsFunc(list, func(s side) bool { return s.name == wanted }) {
			return nil, nil, fmt.Errorf("%w: no side is called %q; there are %s", ErrNoSide, wanted, strings.Join(namesOf(list), ", "))
		}
	}
	for _, s := range list {
		if len(r.Sides) > 0 && !slices.Contains(r.Sides, s.name) {
			continue
		}
		if program := s.args("")[0]; program != r.Self {
			if _, err := exec.LookPath(program); err != nil {
				r.note("%s is not installed, so it is left out", program)
				continue
			}
		}
		chosen, names = append(chosen, s), append(names, s.name)
	}
	if len(chosen) == 0 {
		return nil, nil, fmt.Errorf("%w: none of the sides is installed", ErrNoSide)
	}
	return chosen, names, nil
}

func namesOf(list []side) (names []string) {
	for _, s := range list {
		names = append(names, s.name)
	}
	return names
}

// note tells what is left out.
func (r *Run) note(format string, args ...any) {
	note := fmt.Sprintf(format, args...)
	if r.Note != nil && !slices.Contains(r.noted, note) {
		r.noted = append(r.noted, note)
		r.Note(note)
	}
}

// step tells what comes next.
func (r *Run) step(format string, args ...any) {
	if r.Step != nil {
		r.Step(r.done, r.steps, fmt.Sprintf(format, args...))
	}
	r.done++
}

// row is one thing that is measured of every side.
type row struct {
	name    string
	measure func(s side) error
}

// rounds measures every side in each round of each row, every other round in the
// opposite order, so that nobody always comes first. It ends with the first error,
// or with ctx.
func (r *Run) rounds(ctx context.Context, rows []row, sides []side) error {
	r.done, r.steps = 0, len(rows)*r.Rounds*len(sides)
	sides = slices.Clone(sides)
	for _, row := range rows {
		for range r.Rounds {
			for _, s := range sides {
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				r.step("%s, %s", s.name, row.name)
				err := row.measure(s)
				if ctx.Err() != nil {
					return context.Cause(ctx) // which ended the programs
				}
				if err != nil {
					return fmt.Errorf("%s, %s: %w", s.name, row.name, err)
				}
			}
			slices.Reverse(sides)
		}
	}
	return nil
}

// script writes one of the peers' scripts to a file, which remove deletes.
func script(name string) (file string, remove func(), err error) {
	text, err := peers.ReadFile("peers/" + name)
	if err != nil {
		return "", nil, err
	}
	dir, err := os.MkdirTemp("", "duplex-bench")
	if err != nil {
		return "", nil, err
	}
	remove = func() { _ = os.RemoveAll(dir) }
	file = dir + string(os.PathSeparator) + name
	if err := os.WriteFile(file, text, 0o600); err != nil {
		remove()
		return "", nil, err
	}
	return file, remove, nil
}

// Tables are what a benchmark returns.
type Tables = []*result.Table
