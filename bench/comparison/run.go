// Package comparison is what all commands that compare do alike: the flags that
// they share, rounds in which every side has its turn, and where the results go.
package comparison

import (
	"flag"
	"fmt"
	"log"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/duplex-go/duplex/internal/result"
)

// Run is one run of a command. Nothing of it may be used by two goroutines at
// once.
type Run struct {
	name   string
	rounds *int
	sides  *string
	file   *string
	began  time.Time
	notes  []string
}

// Flags declares the flags that all comparisons have: -rounds, -sides and -json.
// The command calls flag.Parse after it has declared its own.
func Flags(name string) *Run {
	log.SetFlags(0)
	log.SetPrefix(name + ": ")
	return &Run{
		name:   name,
		rounds: flag.Int("rounds", 5, "how often everything is measured"),
		sides:  flag.String("sides", "", "measure only these sides, with commas between"),
		file:   flag.String("json", "", "write the results to this file"),
		began:  time.Now(),
	}
}

// Rename gives the results another name.
func (r *Run) Rename(name string) {
	r.name = name
	log.SetPrefix(name + ": ")
}

// Note tells whoever looks on, and whoever reads the results, what was left out
// and why: one line.
func (r *Run) Note(format string, args ...any) {
	note := fmt.Sprintf(format, args...)
	log.Print(note)
	if !slices.Contains(r.notes, note) {
		r.notes = append(r.notes, note)
	}
}

// Choose returns those of list that -sides names, and their names; all of list
// if it names none. It ends the program if nothing is left.
func Choose[T any](r *Run, list []T, name func(T) string) (chosen []T, names []string) {
	for _, v := range list {
		if *r.sides == "" || slices.Contains(strings.Split(*r.sides, ","), name(v)) {
			chosen, names = append(chosen, v), append(names, name(v))
		}
	}
	if len(chosen) == 0 {
		log.Fatalf("no side is called %q", *r.sides)
	}
	return chosen, names
}

// Rounds calls round so often, and says each time on standard error what is
// measured in which round.
func (r *Run) Rounds(what string, round func()) {
	for i := range *r.rounds {
		log.Printf("%s, round %d of %d", what, i+1, *r.rounds)
		round()
	}
}

// Each gives all sides a turn in every round, each time in the opposite order, so
// that nobody always comes first.
func Each[T any](r *Run, what string, sides []T, turn func(side T)) {
	sides = slices.Clone(sides)
	r.Rounds(what, func() {
		for _, s := range sides {
			turn(s)
		}
		slices.Reverse(sides)
	})
}

// Finish prints the tables and writes them where -json says. It ends the program
// if that fails.
func (r *Run) Finish(tables ...*result.Table) {
	for _, t := range tables {
		fmt.Printf("### %s\n\n", t.Title)
		if err := t.Print(os.Stdout); err != nil {
			log.Fatal(err)
		}
		fmt.Println()
	}
	if *r.file == "" {
		return
	}
	c := result.Comparison{Name: r.name, Began: r.began.UTC().Truncate(time.Second), Machine: result.Machine(),
		Notes: r.notes, Tables: tables}
	if err := (result.Comparisons{c}).Save(*r.file); err != nil {
		log.Fatal(err)
	}
}
