package inspect

import (
	"slices"
	"strings"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/prometheus/client_golang/prometheus"
)

// Metrics returns r as a collector for Prometheus. Its labels are kinds,
// directions, states and reasons: words of this package, never what a peer says.
func (r *Registry) Metrics() prometheus.Collector { return metrics{r} }

// metrics is a Registry as Prometheus sees it.
type metrics struct{ r *Registry }

// Metric is one of the metrics of a registry. Its labels take words of this
// package as values, never what a peer says, so that it has few series.
type Metric struct {
	Name    string // such as duplex_bytes_total
	Help    string
	Counter bool // otherwise it is a gauge, which also goes down
	Labels  []string

	desc *prometheus.Desc
}

func describe(counter bool, name, help string, labels ...string) *Metric {
	name = "duplex_" + name
	return &Metric{name, help, counter, labels, prometheus.NewDesc(name, help, labels, nil)}
}

var (
	openMetric     = describe(false, "open", "Streams and joins that are open, by how they stand.", "kind", "state")
	openedMetric   = describe(true, "opened_total", "Streams and joins that were opened.", "kind")
	closedMetric   = describe(true, "closed_total", "Streams and joins that are over, by whether they failed.", "kind", "result")
	bytesMetric    = describe(true, "bytes_total", "Bytes that were moved. What is not looked at is counted at its end.", "kind", "direction")
	waitingMetric  = describe(false, "waiting_bytes", "Bytes that wait on their way.", "kind", "direction")
	endedMetric    = describe(true, "directions_over_total", "Directions that are over, by why.", "kind", "direction", "reason")
	beyondMetric   = describe(true, "not_inspected_total", "Streams and joins opened while too many were open to look at them all.")
	failuresMetric = describe(true, "failures_total", "What failed, streams and joins and beside them.")

	// The histogram is not among what Read reads.
	durationMetric = describe(false, "duration_seconds", "How long streams and joins were open.", "kind")

	numbers = []*Metric{openMetric, openedMetric, closedMetric, bytesMetric, waitingMetric, endedMetric, beyondMetric, failuresMetric}
)

// AllMetrics returns those that [Registry.Read] reads.
func AllMetrics() []*Metric { return slices.Clone(numbers) }

func (metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, m := range append(AllMetrics(), durationMetric) {
		ch <- m.desc
	}
}

// directionLabels are the values of the label direction, by way.
var directionLabels = [ways]string{"a_to_b", "b_to_a"}

func (m metrics) Collect(ch chan<- prometheus.Metric) {
	s := m.r.sums(time.Now())
	m.r.read(&s, func(m *Metric, n int64, labels ...string) {
		kind := prometheus.GaugeValue
		if m.Counter {
			kind = prometheus.CounterValue
		}
		ch <- prometheus.MustNewConstMetric(m.desc, kind, float64(n), labels...)
	})
	for k := range kinds {
		ch <- s.duration[k].metric(duplex.ObservedKind(k).String())
	}
}

// Read tells each of the numbers that there are now, once: of which metric it is,
// and the values of that one's labels, in their order. It is how other systems
// than Prometheus are told.
func (r *Registry) Read(each func(m *Metric, n int64, labels ...string)) {
	s := r.sums(time.Now())
	r.read(&s, each)
}

func (r *Registry) read(s *sums, each func(m *Metric, n int64, labels ...string)) {
	for k := range kinds {
		kind := duplex.ObservedKind(k).String()
		for _, state := range states[:4] { // those that are no end
			each(openMetric, s.open[k][state], kind, string(state))
		}
		each(openedMetric, s.opened[k], kind)
		each(closedMetric, s.closed[k]-s.failed[k], kind, "ended")
		each(closedMetric, s.failed[k], kind, "failed")
		for w := range ways {
			each(bytesMetric, s.bytes[k][w], kind, directionLabels[w])
			each(waitingMetric, s.waiting[k][w], kind, directionLabels[w])
			for why := int(duplex.Ended); why < reasons; why++ {
				reason := strings.ReplaceAll(duplex.Reason(why).String(), " ", "_")
				each(endedMetric, s.ended[k][w][why], kind, directionLabels[w], reason)
			}
		}
	}
	each(beyondMetric, s.beyond)
	each(failuresMetric, r.failures.total())
}

// sums is the totals with what is live.
type sums struct {
	totals
	open    [kinds]map[State]int64
	waiting [kinds][ways]int64
}

// sums adds all up. A stream that closes meanwhile is counted once: what is live
// and what is over are taken in one.
func (r *Registry) sums(now time.Time) (s sums) {
	for k := range s.open {
		s.open[k] = make(map[State]int64)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	s.totals = r.totals
	for o, e := range r.live {
		e.mu.Lock()
		s.open[e.kind][e.state(now)]++
		for w := range ways {
			s.bytes[e.kind][w] += o.Flow(duplex.Way(w)).Bytes
			s.waiting[e.kind][w] += int64(e.lanes[w].waiting)
		}
		e.mu.Unlock()
	}
	return s
}

// durationBounds are the bounds of a histogram of durations, in seconds: from
// one request to a day.
var durationBounds = [...]float64{0.01, 0.1, 1, 10, 60, 600, 3600, 86400}

// durations is such a histogram.
type durations struct {
	counts [len(durationBounds) + 1]uint64 // not added up; the last is beyond all bounds
	sum    float64
}

func (d *durations) add(took time.Duration) {
	s := took.Seconds()
	i := 0
	for i < len(durationBounds) && s > durationBounds[i] {
		i++
	}
	d.counts[i]++
	d.sum += s
}

func (d *durations) metric(kind string) prometheus.Metric {
	buckets := make(map[float64]uint64, len(durationBounds))
	var n uint64
	for i, bound := range durationBounds {
		n += d.counts[i]
		buckets[bound] = n
	}
	return prometheus.MustNewConstHistogram(durationMetric.desc, n+d.counts[len(durationBounds)], d.sum, buckets, kind)
}
