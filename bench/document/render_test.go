package document

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/duplex-go/duplex/internal/result"
)

// results has one comparison, as a command leaves it.
func results() result.Comparisons {
	echo := result.More("echo", "Echo", "req/s", []string{"net", "duplex handler", "Node"})
	for i, row := range []string{"1 × 64 B", "64 × 64 B"} {
		for _, v := range []float64{100, 200, 300} {
			echo.Add(row, "net", v)
			echo.Add(row, "duplex handler", v*float64(1+i))
			echo.Add(row, "Node", v/2)
		}
	}
	return result.Comparisons{{Name: "echo", Command: "go run ./echo -rounds 3", Began: time.Date(2026, 11, 24, 20, 0, 0, 0, time.UTC),
		Machine: "2 × Abacus", Load: 0.25, Notes: []string{"no socat here"}, Tables: []*result.Table{echo}}}
}

func TestADocumentHasTablesPlotsAndTheNumbersOfItsProse(t *testing.T) {
	var b bytes.Buffer
	r, err := Render(&b, results())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| req/s | net | duplex handler | Node |",
		"| 64 × 64 B | 200 (100–300) | 400 (200–600), **2.00** | 100 (50–150), **0.50** |",
		"![Echo, as a ratio to net](plots/echo.svg)",
		"The handler's rows are 1.00 to 2.00 of bare `net`, and 2.00 to 4.00 of Node.",
		"Measured on 24 November 2026 by `go run ./echo -rounds 3` in `bench/`; the load average before was 0.2. Of this run: no socat here.",
		"The machine: 2 × Abacus.",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	if len(r.Plots) != 1 || r.Plots[0].Key != "echo" {
		t.Errorf("plots %v, not echo's", r.Plots)
	}
	if len(r.Absent) == 0 || !strings.Contains(b.String(), absent) {
		t.Errorf("nothing is said of what was not measured")
	}
	if strings.Contains(strings.Join(r.Absent, "\n"), "echo ") {
		t.Errorf("what was measured is absent: %q", r.Absent)
	}
}

func TestTheProseGetsTheRowsItNamesAndAnErrorForWhatNobodyMeasures(t *testing.T) {
	p := page{list: results()}
	for what, err := range map[string]error{
		"table": second(p.table("ehco")), "plot": second(p.plot("ehco")), "measured": second(p.measured("ehco")),
		"ratios": second(p.ratios("ehco", "a", "b", "")), "medians": second(p.medians("ehco", "a", "")),
	} {
		if err == nil {
			t.Errorf("%s of what is not there is no error", what)
		}
	}
	for part, want := range map[string]string{"": "1.00 to 2.00", "64 ×": "2.00", "1 ×": "1.00"} {
		if s, err := p.ratios("echo", "duplex handler", "net", part); err != nil || s != want {
			t.Errorf("the ratios of rows with %q are %q, %v, not %s", part, s, err, want)
		}
	}
	if s, err := p.medians("echo", "Node", "64 ×"); err != nil || s != "100" {
		t.Errorf("a median is %q, %v", s, err)
	}
	if s, err := p.ratios("echo", "nobody", "net", ""); err != nil || s != absent || len(p.Absent) != 1 {
		t.Errorf("the ratio of a side that was not measured: %q, %v, absent %q", s, err, p.Absent)
	}
}

func second(_ string, err error) error { return err }

// digit is a decimal fraction, which a measurement has and a description has not.
var digit = regexp.MustCompile(`\d\.\d`)

func TestTheProseHasNoNumbersOfARun(t *testing.T) {
	for i, line := range strings.Split(prose, "\n") {
		if m := digit.FindString(line); m != "" {
			t.Errorf("line %d has %s by hand: %s", i+1, m, line)
		}
	}
}

// The document in docs is what the template makes of the results beside it: the
// one changes with the other.
func TestTheDocumentIsThatOfItsResults(t *testing.T) {
	list, err := result.Load("../../docs/benchmarks.json")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("docs/benchmarks.json is not there: nobody has run bench yet")
	}
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	r, err := Render(&b, list)
	if err != nil {
		t.Fatal(err)
	}
	there, err := os.ReadFile("../../docs/benchmarks.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(there, b.Bytes()) {
		t.Error("docs/benchmarks.md is another one: go run . -render writes it")
	}
	for _, table := range r.Plots {
		if _, err := os.Stat("../../docs/plots/" + table.Key + ".svg"); err != nil {
			t.Error(err)
		}
	}
}
