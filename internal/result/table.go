// Package result holds what comparisons have measured: for every side a number
// a round, their medians with their range, and what was left out. It writes them
// as tables to read and as JSON to check.
package result

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// Table is one kind of number, of all sides and in all configurations. The zero
// value is an empty table.
type Table struct {
	Key   string   `json:"key"` // what the document and its plots call it, such as "echo-cost"
	Title string   `json:"title"`
	Unit  string   `json:"unit"`           // what the numbers are, such as "req/s"
	Less  bool     `json:"less,omitempty"` // less is better
	Base  string   `json:"base"`           // the side that ratios are taken to
	Sides []string `json:"sides"`          // in order
	Rows  []Row    `json:"rows"`
}

// Row is one configuration.
type Row struct {
	Name   string               `json:"name"`
	Values map[string][]float64 `json:"values"` // by side: one number a round
}

// More returns a table of these sides, the first of which is the base, for
// numbers of which more is better.
func More(key, title, unit string, sides []string) *Table {
	t := &Table{Key: key, Title: title, Unit: unit, Sides: slices.Clone(sides)}
	if len(sides) > 0 {
		t.Base = sides[0]
	}
	return t
}

// Less is More for numbers of which less is better.
func Less(key, title, unit string, sides []string) *Table {
	t := More(key, title, unit, sides)
	t.Less = true
	return t
}

// Add adds a round's number. A side that the table was not made with comes last.
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

// Rounds returns how many rounds there were of what was measured most often.
func (t *Table) Rounds() (n int) {
	for _, r := range t.Rows {
		for _, v := range r.Values {
			n = max(n, len(v))
		}
	}
	return n
}

// Print writes t as a table in Markdown, and below it how to read it. A cell
// stays empty where a side was not measured.
func (t *Table) Print(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s |", t.Unit)
	for _, side := range t.Sides {
		fmt.Fprintf(&b, " %s |", side)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(t.Sides)) + "\n")
	for _, row := range t.Rows {
		fmt.Fprintf(&b, "| %s |", row.Name)
		for _, side := range t.Sides {
			b.WriteString(t.cell(row, side) + " |")
		}
		b.WriteByte('\n')
	}
	better := "more"
	if t.Less {
		better = "less"
	}
	fmt.Fprintf(&b, "\nMedians of %s, and in brackets the least and the most; in bold the median of the ratios to %s within a round; %s is better.\n",
		count(t.Rounds(), "round"), t.Base, better)
	_, err := io.WriteString(w, b.String())
	return err
}

// Align writes t for a terminal: in columns, with the ratios to the base in
// brackets.
func (t *Table) Align(w io.Writer) error {
	better := "more is better"
	if t.Less {
		better = "less is better"
	}
	if _, err := fmt.Fprintf(w, "%s: %s, %s\n", t.Title, t.Unit, better); err != nil {
		return err
	}
	columns := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprint(columns, "\t", strings.Join(t.Sides, "\t"), "\n")
	for _, row := range t.Rows {
		fmt.Fprint(columns, row.Name)
		for _, side := range t.Sides {
			v := row.Values[side]
			switch r := t.Ratios(row, side); {
			case len(v) == 0:
				fmt.Fprint(columns, "\t-")
			case side == t.Base || len(r) == 0:
				fmt.Fprint(columns, "\t", Number(Median(v)))
			default:
				fmt.Fprintf(columns, "\t%s (%.2f)", Number(Median(v)), Median(r))
			}
		}
		fmt.Fprintln(columns)
	}
	return columns.Flush()
}

// cell is what stands in the column of side, with a blank before it.
func (t *Table) cell(row Row, side string) string {
	v := row.Values[side]
	if len(v) == 0 {
		return ""
	}
	cell := " " + Number(Median(v))
	if least, most := Number(slices.Min(v)), Number(slices.Max(v)); len(v) > 1 && least != most {
		cell += fmt.Sprintf(" (%s–%s)", least, most)
	}
	if r := t.Ratios(row, side); side != t.Base && len(r) > 0 {
		cell += fmt.Sprintf(", **%.2f**", Median(r))
	}
	return cell
}

// count writes n of something.
func count(n int, of string) string {
	if n == 1 {
		return "1 " + of
	}
	return fmt.Sprintf("%d %ss", n, of)
}
