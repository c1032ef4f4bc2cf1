// Package document makes docs/benchmarks.md of results: prose from a template, and
// between it tables, plots and whatever numbers the prose needs. No number of a
// run is written by hand.
package document

import (
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/template"

	"github.com/duplex-go/duplex/internal/result"
)

//go:embed benchmarks.md.tmpl
var prose string

// Tables are the keys of all tables that the commands make, by the comparison that
// makes them. The template may name no other.
var Tables = map[string][]string{
	"core":      {"core", "core-write", "core-join"},
	"echo":      {"echo", "echo-cost"},
	"endpoints": {"endpoints", "endpoints-trip"},
	"idle":      {"idle", "idle-beat"},
	"gzip":      {"gzip", "gzip-cpu", "gzip-size", "gunzip", "gunzip-cpu"},
	"join":      {"join", "join-trip", "join-pairs"},
	"inspect":   {"inspect", "inspect-trip", "inspect-pairs"},
}

// Rendered says what a document asks for beside itself.
type Rendered struct {
	Plots  []*result.Table // to be drawn as plots/KEY.svg
	Absent []string        // what the prose says and list has no numbers for
}

// Render writes the document of list. What was not measured is said to be so
// there, and reported.
func Render(w io.Writer, list result.Comparisons) (Rendered, error) {
	p := page{list: list}
	t, err := template.New("benchmarks.md").Funcs(template.FuncMap{
		"table": p.table, "plot": p.plot, "measured": p.measured, "machine": p.machine,
		"ratios": p.ratios, "medians": p.medians,
	}).Parse(prose)
	if err != nil {
		return Rendered{}, err
	}
	if err := t.Execute(w, nil); err != nil {
		return Rendered{}, err
	}
	return p.Rendered, nil
}

// page is a document in the making.
type page struct {
	list result.Comparisons
	Rendered
}

const absent = "(not measured)"

// find returns the table of that key, or nil if it was not measured. A key that no
// command makes is an error.
func (p *page) find(key string) (*result.Table, error) {
	for _, keys := range Tables {
		if slices.Contains(keys, key) {
			return p.list.Table(key), nil
		}
	}
	return nil, fmt.Errorf("no command makes a table %q", key)
}

// table writes a whole table.
func (p *page) table(key string) (string, error) {
	t, err := p.find(key)
	if err != nil {
		return "", err
	}
	if t == nil {
		p.Absent = append(p.Absent, "the table "+key)
		return absent, nil
	}
	var b strings.Builder
	if err := t.Print(&b); err != nil {
		return "", err
	}
	return strings.TrimSpace(b.String()), nil
}

// plot shows a table's plot, or nothing if there is none.
func (p *page) plot(key string) (string, error) {
	t, err := p.find(key)
	if err != nil || t == nil {
		return "", err
	}
	p.Plots = append(p.Plots, t)
	return fmt.Sprintf("![%s, as a ratio to %s](plots/%s.svg)", t.Title, t.Base, t.Key), nil
}

// measured says when and how a comparison was measured, and what was left out.
func (p *page) measured(name string) (string, error) {
	if Tables[name] == nil {
		return "", fmt.Errorf("no comparison is called %q", name)
	}
	i := slices.IndexFunc(p.list, func(c result.Comparison) bool { return c.Name == name })
	if i < 0 {
		p.Absent = append(p.Absent, "the comparison "+name)
		return absent, nil
	}
	c := p.list[i]
	s := fmt.Sprintf("Measured on %s by `%s` in `bench/`", c.Began.Format("2 January 2006"), c.Command)
	if c.Load > 0 {
		s += fmt.Sprintf("; the load average before was %.1f", c.Load)
	}
	s += "."
	for _, note := range c.Notes {
		s += " Of this run: " + note + "."
	}
	return s, nil
}

// machine says what measured: each of the machines once.
func (p *page) machine() string {
	var all []string
	for _, c := range p.list {
		if !slices.Contains(all, c.Machine) {
			all = append(all, c.Machine)
		}
	}
	if len(all) == 0 {
		return absent
	}
	return strings.Join(all, "; ")
}

// ratios returns the median of the ratios of side to base, for all rows whose
// names contain part: the least and the greatest of them.
func (p *page) ratios(key, side, base, part string) (string, error) {
	to := result.Table{Base: base}
	return p.span(key, side, part, func(row result.Row) float64 { return result.Median(to.Ratios(row, side)) }, func(v float64) string { return fmt.Sprintf("%.2f", v) })
}

// medians is ratios for the numbers themselves.
func (p *page) medians(key, side, part string) (string, error) {
	return p.span(key, side, part, func(row result.Row) float64 { return result.Median(row.Values[side]) }, result.Number)
}

// span writes the least and the greatest of what value is of the rows whose names
// contain part. A value of 0 is one that was not measured.
func (p *page) span(key, side, part string, value func(result.Row) float64, write func(float64) string) (string, error) {
	t, err := p.find(key)
	if err != nil {
		return "", err
	}
	var all []float64
	if t != nil {
		for _, row := range t.Rows {
			if v := value(row); strings.Contains(row.Name, part) && v > 0 {
				all = append(all, v)
			}
		}
	}
	if len(all) == 0 {
		p.Absent = append(p.Absent, strings.TrimSpace(fmt.Sprintf("%s of %s %s", side, key, part)))
		return absent, nil
	}
	least, most := write(slices.Min(all)), write(slices.Max(all))
	if least == most {
		return least, nil
	}
	return least + " to " + most, nil
}
