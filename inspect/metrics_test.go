package inspect_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/inspect"
	"github.com/prometheus/client_golang/prometheus"
)

// gather returns the series of a registry, by name and labels.
func gather(t *testing.T, r *inspect.Registry) map[string]float64 {
	t.Helper()
	p := prometheus.NewPedanticRegistry()
	if err := p.Register(r.Metrics()); err != nil {
		t.Fatal(err)
	}
	families, err := p.Gather()
	if err != nil {
		t.Fatal(err)
	}
	series := make(map[string]float64)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetValue())
			}
			name := f.GetName() + "{" + strings.Join(labels, ",") + "}"
			series[name] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return series
}

func TestMetricsCountWhatIsLiveAndWhatIsOver(t *testing.T) {
	r := new(inspect.Registry)
	live := join(t, r, "a", "b")
	pass(t, live.a, live.b, "hello")
	over := join(t, r, "a", "b")
	pass(t, over.b, over.a, "bye")
	over.end(t)
	failed := join(t, r, "a", "b")
	_ = failed.a.Abort(errGone)
	<-failed.done
	r.Sample(time.Now())
	series := gather(t, r)
	for name, want := range map[string]float64{
		"duplex_open{join,flowing}":                             1,
		"duplex_open{join,stalled}":                             0,
		"duplex_opened_total{join}":                             3,
		"duplex_closed_total{join,ended}":                       1,
		"duplex_closed_total{join,failed}":                      1,
		"duplex_bytes_total{a_to_b,join}":                       5,
		"duplex_bytes_total{b_to_a,join}":                       3,
		"duplex_directions_over_total{a_to_b,join,ended}":       1,
		"duplex_directions_over_total{a_to_b,join,read_failed}": 1,
		"duplex_duration_seconds{join}":                         2,
		"duplex_opened_total{stream}":                           0,
		"duplex_failures_total{}":                               1,
		"duplex_not_inspected_total{}":                          0,
	} {
		if got, ok := series[name]; !ok || got != want {
			t.Errorf("%s is %v, want %v (%v)", name, got, want, ok)
		}
	}
}

// How many series there are depends on nothing that a peer can choose.
func TestMetricsHaveAsManySeriesWhateverIsOpen(t *testing.T) {
	r := new(inspect.Registry)
	before := len(gather(t, r))
	for i := range 50 {
		j := join(t, r, fmt.Sprintf("name %d", i), strings.Repeat("\x00\n\"", i))
		if i%2 == 0 {
			_ = j.a.Abort(fmt.Errorf("error %d", i))
			<-j.done
		}
	}
	if after := len(gather(t, r)); after != before {
		t.Errorf("%d series, %d with nothing open", after, before)
	}
}

// Counters never go back, however streams close between two looks.
func TestMetricsNeverGoBack(t *testing.T) {
	r := new(inspect.Registry)
	var last float64
	for range 30 {
		j := join(t, r, "", "")
		pass(t, j.a, j.b, "hello")
		now := gather(t, r)["duplex_bytes_total{a_to_b,join}"]
		if now < last {
			t.Fatalf("%v bytes after %v", now, last)
		}
		last = now
		done := make(chan struct{})
		go func() { defer close(done); j.end(t) }()
		for range 5 {
			now := gather(t, r)["duplex_bytes_total{a_to_b,join}"]
			if now < last {
				t.Fatalf("%v bytes after %v", now, last)
			}
			last = now
		}
		<-done
	}
	if last != 30*5 {
		t.Errorf("%v bytes in the end", last)
	}
}

var _ duplex.Observer = (*inspect.Registry)(nil)
