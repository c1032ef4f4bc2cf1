// Package result holds what a comparison has measured: medians with their
// range, side by side, as a table to read, JSON to keep and a plot to look at.
package result

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// Table is one comparison.
type Table struct {
	Title string
	Unit  string   // what the numbers are, such as "req/s"
	Base  string   // the side that ratios are taken to
	Sides []string // in order
	Rows  []Row
}

// New returns a table of these sides, the first of which is the base.
func New(title, unit string, sides []string) *Table {
	return &Table{Title: title, Unit: unit, Base: sides[0], Sides: sides}
}

// Choose returns those of list that sides names, with commas between, and their
// names; all of list if sides is empty.
func Choose[T any](list []T, sides string, name func(T) string) (chosen []T, names []string) {
	for _, v := range list {
		if sides == "" || slices.Contains(strings.Split(sides, ","), name(v)) {
			chosen, names = append(chosen, v), append(names, name(v))
		}
	}
	return chosen, names
}

// Row is one configuration of a comparison.
type Row struct {
	Name   string
	Values map[string][]float64 // by side: one number a round
}

// Add adds a round's number.
func (t *Table) Add(row, side string, value float64) {
	if !slices.Contains(t.Sides, side) {
		t.Sides = append(t.Sides, side)
	}
	i := slices.IndexFunc(t.Rows, func(r Row) bool { return r.Name == row })
	if i < 0 {
		i = len(t.Rows)
		t.Rows = append(t.Rows, Row{Name: row, Values: make(map[string][]float64)})
	}
	t.Rows[i].Values[side] = append(t.Rows[i].Values[side], value)
}

// Median returns the median of v, or 0 if there is none.
func Median(v []float64) float64 { return quantile(v, 0.5) }

// quantile returns what the share q of v lies below, or 0 if v is empty.
func quantile(v []float64, q float64) float64 {
	if len(v) == 0 {
		return 0
	}
	v = slices.Sorted(slices.Values(v))
	return v[int(q*float64(len(v)-1)+0.5)]
}

// Ratios returns side's numbers divided by those that the base got in the same
// round. Whatever slows the machine for longer than a round slows both, so that
// their median tells a small difference that those of the numbers hide.
func (t *Table) Ratios(row Row, side string) []float64 {
	base := row.Values[t.Base]
	var r []float64
	for i, v := range row.Values[side] {
		if i < len(base) && base[i] > 0 {
			r = append(r, v/base[i])
		}
	}
	return r
}

// Print writes t as a table in Markdown.
func (t *Table) Print(w io.Writer) {
	fmt.Fprintf(w, "### %s (%s)\n\n|", t.Title, t.Unit)
	for _, side := range t.Sides {
		fmt.Fprintf(w, " | %s", side)
	}
	fmt.Fprint(w, " |\n|---|")
	for range t.Sides {
		fmt.Fprint(w, "---|")
	}
	fmt.Fprintln(w)
	for _, row := range t.Rows {
		fmt.Fprintf(w, "| %s |", row.Name)
		for _, side := range t.Sides {
			v := row.Values[side]
			if len(v) == 0 {
				fmt.Fprint(w, " |")
				continue
			}
			fmt.Fprintf(w, " %s", number(Median(v)))
			if r := t.Ratios(row, side); side != t.Base && len(r) > 0 {
				fmt.Fprintf(w, ", **%.2f** (%.2f–%.2f)", Median(r), quantile(r, 0.25), quantile(r, 0.75))
			}
			fmt.Fprint(w, " |")
		}
		fmt.Fprintln(w)
	}
	if t.Base != "" {
		fmt.Fprintf(w, "\nMedians of %d rounds; in bold that of the ratios to %s within a round, with the middle half of them.\n",
			t.rounds(), t.Base)
	}
}

// number writes v with three digits or to the whole, whichever is more.
func number(v float64) string {
	if v < 1000 {
		return fmt.Sprintf("%.3g", v)
	}
	s := fmt.Sprintf("%.0f", v)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func (t *Table) rounds() (n int) {
	for _, r := range t.Rows {
		for _, v := range r.Values {
			n = max(n, len(v))
		}
	}
	return n
}

// Save writes t to a file as JSON; an empty name saves nothing.
func (t *Table) Save(name string) error {
	if name == "" {
		return nil
	}
	b, err := json.MarshalIndent(t, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(b, '\n'), 0o644)
}

// Load reads what Save wrote.
func Load(name string) (*Table, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	t := new(Table)
	if err := json.Unmarshal(b, t); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return t, nil
}
