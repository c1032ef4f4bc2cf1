// Plot draws a saved comparison as an SVG: groups of bars, one for every side,
// as ratios to the base. It is readable on a light and on a dark page.
//
//	go run ./plot results.json plot.svg
package main

import (
	"fmt"
	"image/color"
	"log"
	"os"

	"github.com/duplex-go/duplex/bench/result"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// grey is for text and lines: it stands out from white and from black.
var grey = color.RGBA{128, 128, 128, 255}

// colours are those of the sides, in order; duplex is the strong one.
var colours = []color.Color{
	color.RGBA{0x9a, 0xa5, 0xb1, 255}, color.RGBA{0x2f, 0x81, 0xf7, 255}, color.RGBA{0x8a, 0xb8, 0xff, 255},
	color.RGBA{0x3f, 0xb9, 0x50, 255}, color.RGBA{0xd2, 0x99, 0x22, 255}, color.RGBA{0xdb, 0x61, 0xa2, 255},
	color.RGBA{0xa3, 0x71, 0xf7, 255}, color.RGBA{0xf8, 0x51, 0x49, 255},
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: plot results.json plot.svg")
	}
	t, err := result.Load(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	if err := draw(t, os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

func draw(t *result.Table, file string) error {
	p := plot.New()
	p.BackgroundColor = color.Transparent
	p.Title.Text = fmt.Sprintf("%s, as a ratio to %s", t.Title, t.Base)
	p.Title.TextStyle.Color = grey
	p.Y.Label.Text = "ratio (" + t.Unit + ")"
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Color, axis.Tick.Color, axis.Tick.Label.Color, axis.Label.TextStyle.Color = grey, grey, grey, grey
	}
	p.Legend.Top, p.Legend.TextStyle.Color = true, grey
	p.Y.Min = 0
	grid := plotter.NewGrid()
	grid.Vertical.Width, grid.Horizontal.Color = 0, color.RGBA{128, 128, 128, 70}
	p.Add(grid)

	// Three quarters of a row's place for its bars.
	width := vg.Points(0.75 * 600 / (float64(len(t.Rows)) + 1.2) / float64(len(t.Sides)))
	var names []string
	for _, row := range t.Rows {
		names = append(names, row.Name)
	}
	for i, side := range t.Sides {
		bars, err := plotter.NewBarChart(ratios(t, side), width)
		if err != nil {
			return err
		}
		bars.LineStyle.Width = 0
		bars.Color = colours[i%len(colours)]
		bars.Offset = width * vg.Length(float64(i)-float64(len(t.Sides)-1)/2)
		p.Add(bars)
		p.Legend.Add(side, bars)
	}
	p.NominalX(names...)
	p.X.Min, p.X.Max = -0.6, float64(len(names))-0.4 // the outer bars whole
	p.Y.Max *= 1.1
	p.Title.Padding = vg.Points(6)
	p.Y.Tick.Marker = plot.TickerFunc(ticks)
	p.Legend.ThumbnailWidth, p.Legend.Padding = vg.Points(10), vg.Points(3)
	// Text right of the boxes fits whatever font the page has.
	p.Legend.Left, p.Legend.XOffs = true, vg.Points(545)
	p.X.Max += 1.1 // and room for the legend
	return p.Save(10*vg.Inch, 4*vg.Inch, file)
}

// ticks marks every half, with a number at each.
func ticks(least, most float64) (list []plot.Tick) {
	for v := 0.0; v <= most; v += 0.5 {
		list = append(list, plot.Tick{Value: v, Label: fmt.Sprintf("%.1f", v)})
	}
	return list
}

// ratios returns the medians of side's ratios to the base, a number a row.
func ratios(t *result.Table, side string) plotter.Values {
	var v plotter.Values
	for _, row := range t.Rows {
		v = append(v, result.Median(t.Ratios(row, side)))
	}
	return v
}
