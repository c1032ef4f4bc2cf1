package otelduplex_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	otelduplex "github.com/duplex-go/duplex/inspect/otel"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/inspect"
	"github.com/prometheus/client_golang/prometheus"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// collect returns what a reader gets, by name and attributes.
func collect(t *testing.T, reader *sdk.ManualReader) map[string]int64 {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	series := make(map[string]int64)
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			for _, point := range m.Data.(metricdata.Sum[int64]).DataPoints {
				var labels []string
				for _, l := range point.Attributes.ToSlice() {
					labels = append(labels, string(l.Key)+"="+l.Value.AsString())
				}
				series[m.Name+"{"+strings.Join(labels, ",")+"}"] = point.Value
			}
		}
	}
	return series
}

// gather returns what Prometheus gets of it, the histogram apart.
func gather(t *testing.T, r *inspect.Registry) map[string]int64 {
	t.Helper()
	p := prometheus.NewRegistry()
	p.MustRegister(r.Metrics())
	families, err := p.Gather()
	if err != nil {
		t.Fatal(err)
	}
	series := make(map[string]int64)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if m.GetHistogram() != nil {
				continue
			}
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetName()+"="+l.GetValue())
			}
			series[f.GetName()+"{"+strings.Join(labels, ",")+"}"] = int64(m.GetCounter().GetValue() + m.GetGauge().GetValue())
		}
	}
	return series
}

func TestOpenTelemetryIsToldWhatPrometheusIs(t *testing.T) {
	r := new(inspect.Registry)
	reader := sdk.NewManualReader()
	provider := sdk.NewMeterProvider(sdk.WithReader(reader))
	registration, err := otelduplex.Register(provider.Meter("duplex"), r)
	if err != nil {
		t.Fatal(err)
	}
	empty := len(collect(t, reader))
	for i := range 30 { // whatever peers say
		near, far := duplex.Pair()
		c := duplex.NewConn(near)
		c.Observe(r, fmt.Sprintf("name %d", i))
		if _, err := far.Write([]byte("hello")); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Read(make([]byte, 5)); err != nil {
			t.Fatal(err)
		}
		if i%3 > 0 {
			_ = c.Abort(fmt.Errorf("error %d: %w", i, errors.ErrUnsupported))
		} else {
			defer c.Close()
		}
	}
	got, want := collect(t, reader), gather(t, r)
	if !maps.Equal(got, want) {
		t.Errorf("it is told\n%s\nand Prometheus\n%s", text(got), text(want))
	}
	if len(got) != empty {
		t.Errorf("%d series, %d with nothing open", len(got), empty)
	}
	if n := got["duplex_bytes_total{direction=a_to_b,kind=stream}"]; n != 150 {
		t.Errorf("%d bytes, want 150", n)
	}
	if err := registration.Unregister(); err != nil {
		t.Fatal(err)
	}
	if n := len(collect(t, reader)); n > 0 {
		t.Errorf("%d series after the end", n)
	}
}

func text(series map[string]int64) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(series)) {
		fmt.Fprintln(&b, name, series[name])
	}
	return b.String()
}
