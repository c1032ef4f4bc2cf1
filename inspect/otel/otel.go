// Package otelduplex tells OpenTelemetry what an [inspect.Registry] knows:
//
//	registration, err := otelduplex.Register(provider.Meter("duplex"), registry)
//	...
//	defer registration.Unregister()
//
// It needs OpenTelemetry's API only; the program brings the SDK and its
// exporters. It is a module of its own, so that neither is in the go.sum of who
// uses neither.
package otelduplex

import (
	"context"
	"fmt"
	"slices"

	"github.com/duplex-go/duplex/inspect"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// Register makes an instrument of m for each metric of r, and has them observed
// whenever m's reader collects. They have the names that they have for
// Prometheus, and their labels as attributes: words of duplex's, never what a
// peer says. The histogram of durations is not among them, since OpenTelemetry
// has none that can be observed.
//
// What waits, and how what is open stands, is as of the last look at the registry:
// once a second while an [inspect.Server] or [inspect.Registry.Watch] runs.
func Register(m metric.Meter, r *inspect.Registry) (metric.Registration, error) {
	instruments := make(map[*inspect.Metric]metric.Int64Observable)
	var all []metric.Observable
	for _, each := range inspect.AllMetrics() {
		instrument, err := observable(m, each)
		if err != nil {
			return nil, fmt.Errorf("otelduplex: instrument %s: %w", each.Name, err)
		}
		instruments[each] = instrument
		all = append(all, instrument)
	}
	registration, err := m.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		r.Read(func(m *inspect.Metric, n int64, labels ...string) {
			o.ObserveInt64(instruments[m], n, metric.WithAttributeSet(attributes(m, labels)))
		})
		return nil
	}, all...)
	if err != nil {
		return nil, fmt.Errorf("otelduplex: %w", err)
	}
	return registration, nil
}

// observable returns the instrument for a metric. What goes up and down is added
// up over processes, so it is no gauge in OpenTelemetry's sense.
func observable(m metric.Meter, of *inspect.Metric) (metric.Int64Observable, error) {
	unit := "1"
	if slices.Contains([]string{"duplex_bytes_total", "duplex_waiting_bytes"}, of.Name) {
		unit = "By"
	}
	if of.Counter {
		return m.Int64ObservableCounter(of.Name, metric.WithDescription(of.Help), metric.WithUnit(unit))
	}
	return m.Int64ObservableUpDownCounter(of.Name, metric.WithDescription(of.Help), metric.WithUnit(unit))
}

func attributes(m *inspect.Metric, labels []string) attribute.Set {
	list := make([]attribute.KeyValue, len(labels))
	for i, value := range labels {
		list[i] = attribute.String(m.Labels[i], value)
	}
	return attribute.NewSet(list...)
}
