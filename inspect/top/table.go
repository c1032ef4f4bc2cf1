// Package top shows what an inspector sees as a table of text, for terminals.
package top

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/duplex-go/duplex/inspect"
	"github.com/duplex-go/duplex/progress"
)

// Table is how a [inspect.View] is shown. The zero value shows all of it.
type Table struct {
	Width  int // columns at most; 0 is no bound
	Height int // lines at most; 0 is no bound
}

// column is one column of the table.
type column struct {
	title   string
	right   bool
	spared  int // which is left out first where there is no room: 1; 0 never is
	content func(r inspect.Row, l inspect.Lane, way string) string
}

var all = []column{
	{"ID", true, 2, once(func(r inspect.Row) string { return strconv.FormatUint(r.ID, 10) })},
	{"STATE", false, 0, once(func(r inspect.Row) string { return string(r.State) })},
	{"AGE", true, 1, once(func(r inspect.Row) string { return elapsed(r.Age) })},
	{"WAY", false, 0, func(_ inspect.Row, _ inspect.Lane, way string) string { return arrows[way] }},
	{"RATE", true, 0, func(_ inspect.Row, l inspect.Lane, _ string) string { return progress.Size(int64(l.Rate)) + "/s" }},
	{"BYTES", true, 0, func(_ inspect.Row, l inspect.Lane, _ string) string { return progress.Size(l.Bytes) }},
	{"WAITING", true, 3, func(_ inspect.Row, l inspect.Lane, _ string) string { return progress.Size(int64(l.Waiting)) }},
	{"DIRECTION", false, 0, func(_ inspect.Row, l inspect.Lane, _ string) string { return direction(l) }},
	{"FROM", false, 0, from},
}

var arrows = map[string]string{"ab": "a>b", "ba": "b>a"}

// once is the content of a column that a row has, not each of its directions.
func once(text func(inspect.Row) string) func(inspect.Row, inspect.Lane, string) string {
	return func(r inspect.Row, _ inspect.Lane, way string) string {
		if way == "ba" {
			return ""
		}
		return text(r)
	}
}

// direction says how one direction stands, and for how long it has.
func direction(l inspect.Lane) string {
	if l.Stalled > 0 {
		return "stalled " + elapsed(l.Stalled)
	}
	return l.State + " " + elapsed(l.For)
}

// from says where a direction comes from, what transforms make of it and what
// went wrong.
func from(r inspect.Row, l inspect.Lane, way string) string {
	end := r.A
	if way == "ba" {
		end = r.B
	}
	parts := []string{end.String()}
	if parts[0] == "" && way == "ba" && r.Kind == "stream" {
		parts[0] = "the program"
	}
	for _, layer := range r.Layers {
		if layer.Way != way {
			continue
		}
		text := strings.Join(layer.Transforms, ", ")
		if layer.In > 0 {
			text += fmt.Sprintf(" x%.2f", float64(layer.Out)/float64(layer.In))
		}
		parts = append(parts, text)
	}
	switch {
	case l.Error != "":
		parts = append(parts, l.Error)
	case l.State == "aborted":
		parts = append(parts, l.Reason)
	}
	return strings.TrimSpace(strings.Join(parts, "; "))
}

// roomForEnds is how many columns the ends need before others are left out.
const roomForEnds = 24

// Lines returns v in lines of printable text: the totals, two lines for each
// stream or join, and the failures of the last minutes. note is put in the first.
func (t Table) Lines(note string, v inspect.View) []string {
	lines := []string{summary(note, v), ""}
	failures := failures(v)
	left := t.Height - len(lines) - 1 // the titles
	if t.Height > 0 {
		failures = failures[:min(len(failures), max(0, left/4))]
		left -= len(failures)
	}
	rows := v.Rows
	more := v.Matched - len(rows)
	if t.Height > 0 && 2*len(rows) > left {
		shown := max(0, (left-1)/2)
		more += len(rows) - shown
		rows = rows[:shown]
	}
	lines = append(lines, t.rows(rows)...)
	if more > 0 {
		lines = append(lines, fmt.Sprintf("%d more", more))
	}
	lines = append(lines, failures...)
	if t.Height > 0 {
		lines = lines[:min(len(lines), t.Height)]
	}
	for i, line := range lines {
		lines[i] = t.fit(line)
	}
	return lines
}

// fit returns a line as it goes into the table.
func (t Table) fit(line string) string {
	line = strings.TrimRight(line, " ")
	if t.Width > 0 {
		line = cut(line, t.Width)
	}
	return line
}

// summary is the first line.
func summary(note string, v inspect.View) string {
	words := []string{safe(note), fmt.Sprintf("%d open", v.Totals.Live)}
	for _, s := range []inspect.State{inspect.Stalled, inspect.HalfClosed, inspect.Flowing, inspect.Silent} {
		if n := v.Totals.States[s]; n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n, s))
		}
	}
	if v.Totals.Beyond > 0 {
		words = append(words, fmt.Sprintf("%d not looked at", v.Totals.Beyond))
	}
	words = append(words, progress.Size(int64(v.Totals.Rate))+"/s", progress.Size(v.Totals.Bytes))
	if v.Totals.Waiting > 0 {
		words = append(words, progress.Size(v.Totals.Waiting)+" waiting")
	}
	return strings.Join(words, "  ")
}

// rows are the titles and two lines for each row.
func (t Table) rows(rows []inspect.Row) []string {
	cells := make([][]string, 1+2*len(rows)) // by line and column
	widths := make([]int, len(all))
	for i, c := range all {
		for line := range cells {
			text := c.title
			if line > 0 {
				r := rows[(line-1)/2]
				l, way := r.AB, "ab"
				if line%2 == 0 {
					l, way = r.BA, "ba"
				}
				text = safe(c.content(r, l, way))
			}
			cells[line] = append(cells[line], text)
			widths[i] = max(widths[i], width(text))
		}
	}
	kept := t.kept(widths)
	lines := make([]string, len(cells))
	for line, cells := range cells {
		var b strings.Builder
		for i, c := range all {
			if kept[i] {
				b.WriteString(pad(cells[i], widths[i], c.right) + "  ")
			}
		}
		lines[line] = b.String()
	}
	return lines
}

// kept says which columns there is room for.
func (t Table) kept(widths []int) []bool {
	kept := slices.Repeat([]bool{true}, len(all))
	if t.Width == 0 {
		return kept
	}
	last := len(all) - 1
	need := min(widths[last], roomForEnds)
	for _, n := range widths[:last] {
		need += n + 2
	}
	for turn := 1; need > t.Width; turn++ {
		i := slices.IndexFunc(all, func(c column) bool { return c.spared == turn })
		if i < 0 {
			break
		}
		kept[i] = false
		need -= widths[i] + 2
	}
	return kept
}

// failures are the errors of the last minutes, the latest first.
func failures(v inspect.View) (lines []string) {
	for _, f := range v.Failures {
		line := elapsed(v.At-f.At) + " ago: " + safe(f.Text)
		if f.Count > 1 {
			line += fmt.Sprintf(" (%d times)", f.Count)
		}
		lines = append(lines, line)
	}
	return lines
}

func elapsed(milliseconds int64) string {
	return progress.Elapsed(time.Duration(max(0, milliseconds)) * time.Millisecond)
}
