package plot

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/duplex-go/duplex/internal/result"
)

// echo is a table with a side that was not measured everywhere.
func echo() *result.Table {
	t := result.More("echo", "Echo", "req/s", []string{"net", "duplex", "Node"})
	for row, sides := range map[string]map[string][]float64{
		"1 × 64 B, warm": {"net": {100, 200, 100}, "duplex": {100, 400, 400}, "Node": {50, 50, 50}},
	} {
		for side, values := range sides {
			for _, v := range values {
				t.Add(row, side, v)
			}
		}
	}
	t.Add("64 × 64 B", "net", 100)
	t.Add("64 × 64 B", "duplex", 100)
	return t
}

func TestAPlotNamesItsSidesAndRowsAndHasNoBackground(t *testing.T) {
	file := filepath.Join(t.TempDir(), "echo.svg")
	if err := Draw(echo(), file); err != nil {
		t.Fatal(err)
	}
	svg, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Echo: req/s, as a ratio to net; more is better", ">duplex<", ">Node<", ">1 × 64 B<", ">warm<", ">64 × 64 B<"} {
		if !strings.Contains(string(svg), want) {
			t.Errorf("no %q in the plot", want)
		}
	}
	if strings.Contains(string(svg), ">net<") {
		t.Error("the base has bars of its own")
	}
	for _, c := range regexp.MustCompile(`(?:fill|stroke):(#[^;"]*)`).FindAllStringSubmatch(string(svg), -1) {
		var r, g, b int
		if n, err := fmt.Sscanf(c[1], "#%02X%02X%02X", &r, &g, &b); n != 3 || err != nil || len(c[1]) != 7 {
			t.Errorf("%s is no colour", c[0])
		} else if sum := r + g + b; sum < 150 || sum > 650 {
			t.Errorf("%s is not seen on a light or not on a dark page", c[0])
		}
	}
}

func TestABarIsTheLogarithmOfTheMedianRatioWithItsRange(t *testing.T) {
	v := measured(echo(), "duplex") // 1, 2 and 4 times as much
	if len(v.XYs) != 2 || v.XYs[0].Y != 1 || v.YErrors[0].Low != 1 || v.YErrors[0].High != 1 {
		t.Errorf("got %+v", v)
	}
	if v := measured(echo(), "Node"); len(v.XYs) != 1 || v.XYs[0].X != 0 || v.XYs[0].Y != -1 {
		t.Errorf("got %+v for half as much in one row", v)
	}
}

func TestTicksAreRatios(t *testing.T) {
	for _, c := range []struct {
		least, most float64
		want        string
	}{{-2, 3, "0.25 0.5 1 2 4 8"}, {-0.4, 0.6, "0.8 0.9 1 1.2 1.5"}, {-8, 6, "0.0039 0.016 0.062 0.25 1 4 16 64"}} {
		var got []string
		for _, tick := range ticks(c.least, c.most) {
			if ratio := math.Exp2(tick.Value); label(ratio) != tick.Label {
				t.Errorf("a tick at %v is labelled %s", ratio, tick.Label)
			}
			got = append(got, tick.Label)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("ticks from %v to %v: %v, not %s", c.least, c.most, got, c.want)
		}
	}
}
