package result

import (
	"errors"
	"io/fs"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		of   []float64
		want float64
	}{
		{nil, 0}, {[]float64{7}, 7}, {[]float64{9, 1}, 5}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 100, 2}, 3}, {[]float64{5, 4, 3, 2, 1}, 3},
	} {
		given := append([]float64(nil), c.of...)
		if got := Median(c.of); got != c.want {
			t.Errorf("median of %v is %v, not %v", c.of, got, c.want)
		}
		if !reflect.DeepEqual(given, c.of) && len(given) > 0 {
			t.Errorf("%v was sorted in place: rounds are compared one by one", given)
		}
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{0.0123: "0.0123", 1.005: "1", 12.34: "12.3", 999.4: "999", 999.7: "1,000", 1234567: "1,234,567"} {
		if got := Number(v); got != want {
			t.Errorf("%v is written %q, not %q", v, got, want)
		}
	}
}

func TestRatiosAreTakenWithinARound(t *testing.T) {
	table := More("k", "T", "u", []string{"a", "b"})
	for i, v := range []float64{10, 20, 40} { // the machine changes; b is twice as fast throughout
		table.Add("row", "a", v)
		table.Add("row", "b", 2*v)
		if i == 0 {
			table.Add("row", "c", 0) // an unknown side comes last
		}
	}
	if got := table.Ratios(table.Rows[0], "b"); !reflect.DeepEqual(got, []float64{2, 2, 2}) {
		t.Errorf("ratios %v", got)
	}
	if got := table.Sides; !reflect.DeepEqual(got, []string{"a", "b", "c"}) {
		t.Errorf("sides %v", got)
	}
}

func TestATableHasMediansLeastAndMostAndRatios(t *testing.T) {
	table := Less("k", "T", "µs", []string{"a", "b", "c"})
	for _, v := range []float64{10, 30, 20} {
		table.Add("one", "a", v)
		table.Add("one", "b", v/2)
	}
	table.Add("two", "a", 5)
	table.Add("two", "c", 1500)
	var b strings.Builder
	if err := table.Print(&b); err != nil {
		t.Fatal(err)
	}
	want := `| µs | a | b | c |
|---|---|---|---|
| one | 20 (10–30) | 10 (5–15), **0.50** | |
| two | 5 | | 1,500, **300.00** |

Medians of 3 rounds, and in brackets the least and the most; in bold the median of the ratios to a within a round; less is better.
`
	if b.String() != want {
		t.Errorf("got\n%s\nnot\n%s", b.String(), want)
	}
}

func TestATableIsAlignedForATerminal(t *testing.T) {
	table := More("k", "Echo", "round trips/s", []string{"duplex", "node", "socat"})
	for _, v := range []float64{10, 30, 20} {
		table.Add("1 × 64 B", "duplex", v)
		table.Add("1 × 64 B", "node", v/2)
	}
	table.Add("1000 × 64 B", "duplex", 12345)
	var b strings.Builder
	if err := table.Align(&b); err != nil {
		t.Fatal(err)
	}
	want := `Echo: round trips/s, more is better
              duplex   node        socat
1 × 64 B      20       10 (0.50)   -
1000 × 64 B   12,345   -           -
`
	if b.String() != want {
		t.Errorf("got\n%s\nnot\n%s", b.String(), want)
	}
}

func TestComparisonsAreKeptByName(t *testing.T) {
	file := filepath.Join(t.TempDir(), "r.json")
	if _, err := Load(file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	table := More("echo", "Echo", "req/s", []string{"net"})
	table.Add("1 × 64 B", "net", 1.5)
	var list Comparisons
	list.Put(Comparison{Name: "echo", Machine: "old"})
	list.Put(Comparison{Name: "idle"})
	list.Put(Comparison{Name: "echo", Machine: "new", Began: time.Unix(1, 0).UTC(), Tables: []*Table{table}})
	if err := list.Save(file); err != nil {
		t.Fatal(err)
	}
	got, err := Load(file)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, list) || len(got) != 2 || got.Table("echo").Rows[0].Values["net"][0] != 1.5 || got.Table("no") != nil {
		t.Errorf("got %+v, not %+v", got, list)
	}
}
