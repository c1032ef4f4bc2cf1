// Package plot draws tables of results as SVG, so that they can be read on a
// light and on a dark page.
package plot

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"strings"

	"github.com/duplex-go/duplex/internal/result"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// grey is for text and lines: it stands out from white and from black.
var grey = color.RGBA{128, 128, 128, 255}

// colours are those of the sides, in order, of a brightness that both pages bear;
// the sides of duplex have blues of their own.
var (
	colours = []color.Color{
		color.RGBA{0x3f, 0xb9, 0x50, 255}, color.RGBA{0xd2, 0x99, 0x22, 255}, color.RGBA{0xdb, 0x61, 0xa2, 255},
		color.RGBA{0xa3, 0x71, 0xf7, 255}, color.RGBA{0xf8, 0x51, 0x49, 255}, color.RGBA{0x9a, 0xa5, 0xb1, 255},
	}
	blues = []color.Color{color.RGBA{0x2f, 0x81, 0xf7, 255}, color.RGBA{0x8a, 0xb8, 0xff, 255}, color.RGBA{0x1b, 0x5f, 0xc0, 255}}
)

const (
	width  = 10 * vg.Inch
	height = 4 * vg.Inch
	legend = 1.9 * vg.Inch // its part of the width
)

// Draw draws t in a file, whose name says in which format: a group of bars for a
// row, a bar for every side but the base. Bars begin at the base and are as long
// as the logarithm of the ratio to it, so that half as much goes down as far as
// twice as much goes up; lines show the least and the most of the rounds.
func Draw(t *result.Table, file string) error {
	p := plot.New()
	style(p, t)
	rows := names(t)
	sides := slices.DeleteFunc(slices.Clone(t.Sides), func(s string) bool { return s == t.Base })
	// Three quarters of a row's place for its bars.
	room := float64(width-legend-0.8*vg.Inch) / float64(len(rows))
	each := vg.Length(min(0.75*room/float64(max(1, len(sides))), 40))
	ours, theirs := 0, 0
	least, most := -0.3, 0.3 // the base is inside
	for i, side := range sides {
		v := measured(t, side)
		if len(v.XYs) == 0 {
			continue
		}
		heights := make(plotter.Values, len(rows))
		for i, at := range v.XYs {
			heights[int(at.X)] = at.Y
			least, most = min(least, at.Y-v.YErrors[i].Low), max(most, at.Y+v.YErrors[i].High)
		}
		bars, err := plotter.NewBarChart(heights, each)
		if err != nil {
			return fmt.Errorf("plot of %s: %w", t.Key, err)
		}
		bars.LineStyle.Width = 0
		bars.XMin = float64(each) / room * (float64(i) - float64(len(sides)-1)/2)
		if strings.HasPrefix(side, "duplex") {
			bars.Color = blues[ours%len(blues)]
			ours++
		} else {
			bars.Color = colours[theirs%len(colours)]
			theirs++
		}
		p.Add(bars)
		p.Legend.Add(side, bars)
		for i := range v.XYs { // the middle of its bar
			v.XYs[i].X += bars.XMin
		}
		ranges, err := plotter.NewYErrorBars(v)
		if err != nil {
			return fmt.Errorf("plot of %s: %w", t.Key, err)
		}
		ranges.LineStyle.Color, ranges.CapWidth = grey, each/2
		p.Add(ranges)
	}
	base, err := plotter.NewLine(plotter.XYs{{X: -0.5}, {X: float64(len(rows)) - 0.5}})
	if err != nil {
		return fmt.Errorf("plot of %s: %w", t.Key, err)
	}
	base.Color = grey
	p.Add(base)
	p.NominalX(rows...)
	p.X.Min, p.X.Max = -0.5, float64(len(rows))-0.5
	p.X.Max += float64(legend) / room // room for the legend
	p.Y.Min, p.Y.Max = least*1.05, most*1.05
	p.Legend.XOffs = width - legend - 0.5*vg.Inch
	if err := p.Save(width, height, file); err != nil {
		return fmt.Errorf("plot of %s: %w", t.Key, err)
	}
	return nil
}

// style gives p its words and colours.
func style(p *plot.Plot, t *result.Table) {
	better := "more is better"
	if t.Less {
		better = "less is better"
	}
	p.BackgroundColor = nil // the page's
	p.Title.Text = fmt.Sprintf("%s: %s, as a ratio to %s; %s", t.Title, t.Unit, t.Base, better)
	p.Title.TextStyle.Color, p.Title.Padding = grey, vg.Points(6)
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Color, axis.Tick.Color, axis.Tick.Label.Color, axis.Label.TextStyle.Color = grey, grey, grey, grey
	}
	p.Y.Tick.Marker = plot.TickerFunc(ticks)
	p.Legend.Top, p.Legend.Left, p.Legend.TextStyle.Color = true, true, grey
	p.Legend.ThumbnailWidth, p.Legend.Padding = vg.Points(10), vg.Points(3)
	grid := plotter.NewGrid()
	grid.Vertical.Width, grid.Horizontal.Width = 0, vg.Points(0.5)
	grid.Horizontal.Color = color.NRGBA{128, 128, 128, 90}
	p.Add(grid)
}

// names are those of t's rows, a line for each part.
func names(t *result.Table) (list []string) {
	for _, row := range t.Rows {
		list = append(list, strings.ReplaceAll(row.Name, ", ", "\n"))
	}
	return list
}

// ranged are the medians of a side's ratios, as logarithms to the base of 2, and
// how far the least and the most are from them. X is the number of the row.
type ranged struct {
	plotter.XYs
	plotter.YErrors
}

func measured(t *result.Table, side string) (v ranged) {
	for i, row := range t.Rows {
		r := t.Ratios(row, side)
		if len(r) == 0 || slices.Min(r) <= 0 {
			continue
		}
		middle := math.Log2(result.Median(r))
		v.XYs = append(v.XYs, plotter.XY{X: float64(i), Y: middle})
		v.YErrors = append(v.YErrors, struct{ Low, High float64 }{middle - math.Log2(slices.Min(r)), math.Log2(slices.Max(r)) - middle})
	}
	return v
}

// near are the marks of a plot that needs no wider ones.
var near = []float64{0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.2, 1.5, 2, 2.5, 3, 4}

// ticks marks ratios of which least and most are the logarithms: doublings, or
// what lies between some where the plot spans few, or every second one of many.
func ticks(least, most float64) (list []plot.Tick) {
	if most-least <= 3 && least >= -2 && most <= 2 {
		for _, ratio := range near {
			if v := math.Log2(ratio); v >= least && v <= most {
				list = append(list, plot.Tick{Value: v, Label: label(ratio)})
			}
		}
		return list
	}
	step := 1.0
	for (most-least)/step > 10 {
		step *= 2
	}
	for v := math.Ceil(least/step) * step; v <= most; v += step {
		list = append(list, plot.Tick{Value: v, Label: label(math.Exp2(v))})
	}
	return list
}

// label writes a ratio.
func label(ratio float64) string {
	if ratio >= 10 {
		return fmt.Sprintf("%.0f", ratio)
	}
	return fmt.Sprintf("%.2g", ratio)
}
