// Package result holds what a comparison has measured: medians with their
// range, side by side, as a table to read, JSON to keep and a plot to look at.
package result

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
)

// Table is one comparison.
type Table struct {
	Title string
	Unit  string   // what the numbers are, such as "req/s"
	Base  string   // the side that ratios are taken to
	Sides []string // in order
	Rows  []Row
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
func Median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
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
		base := Median(row.Values[t.Base])
		for _, side := range t.Sides {
			v := row.Values[side]
			if len(v) == 0 {
				fmt.Fprint(w, " |")
				continue
			}
			fmt.Fprintf(w, " %.4g (%.4g to %.4g)", Median(v), slices.Min(v), slices.Max(v))
			if side != t.Base && base > 0 {
				fmt.Fprintf(w, ", **%.2f**", Median(v)/base)
			}
			fmt.Fprint(w, " |")
		}
		fmt.Fprintln(w)
	}
	if t.Base != "" {
		fmt.Fprintf(w, "\nMedian (least to most) of %d rounds; in bold the ratio to %s.\n", t.rounds(), t.Base)
	}
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
