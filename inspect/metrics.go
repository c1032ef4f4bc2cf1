package inspect

import (
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

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("duplex_"+name, help, labels, nil)
}

var (
	openDesc     = describe("open", "Streams and joins that are open, by how they stand.", "kind", "state")
	openedDesc   = describe("opened_total", "Streams and joins that were opened.", "kind")
	closedDesc   = describe("closed_total", "Streams and joins that are over, by whether they failed.", "kind", "result")
	bytesDesc    = describe("bytes_total", "Bytes that were moved. What is not looked at is counted at its end.", "kind", "direction")
	waitingDesc  = describe("waiting_bytes", "Bytes that wait on their way.", "kind", "direction")
	endedDesc    = describe("directions_over_total", "Directions that are over, by why.", "kind", "direction", "reason")
	durationDesc = describe("duration_seconds", "How long streams and joins were open.", "kind")
	beyondDesc   = describe("not_inspected_total", "Streams and joins opened while too many were open to look at them all.")
	failuresDesc = describe("failures_total", "What failed, streams and joins and beside them.")
	allDescs     = []*prometheus.Desc{openDesc, openedDesc, closedDesc, bytesDesc, waitingDesc, endedDesc, durationDesc, beyondDesc, failuresDesc}
)

func (metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range allDescs {
		ch <- d
	}
}

// directionLabels are the values of the label direction, by way.
var directionLabels = [ways]string{"a_to_b", "b_to_a"}

func (m metrics) Collect(ch chan<- prometheus.Metric) {
	s := m.r.sums(time.Now())
	count := func(d *prometheus.Desc, n int64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	gauge := func(d *prometheus.Desc, n int64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n), labels...)
	}
	for k := range kinds {
		kind := duplex.ObservedKind(k).String()
		for _, state := range states[:4] { // those that are no end
			gauge(openDesc, s.open[k][state], kind, string(state))
		}
		count(openedDesc, s.opened[k], kind)
		count(closedDesc, s.closed[k]-s.failed[k], kind, "ended")
		count(closedDesc, s.failed[k], kind, "failed")
		for w := range ways {
			count(bytesDesc, s.bytes[k][w], kind, directionLabels[w])
			gauge(waitingDesc, s.waiting[k][w], kind, directionLabels[w])
			for why := int(duplex.Ended); why < reasons; why++ {
				reason := strings.ReplaceAll(duplex.Reason(why).String(), " ", "_")
				count(endedDesc, s.ended[k][w][why], kind, directionLabels[w], reason)
			}
		}
		ch <- s.duration[k].metric(kind)
	}
	count(beyondDesc, s.beyond)
	count(failuresDesc, m.r.failures.total())
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
	return prometheus.MustNewConstHistogram(durationDesc, n+d.counts[len(durationBounds)], d.sum, buckets, kind)
}
