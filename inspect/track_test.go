package inspect_test

import (
	"errors"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/inspect"
)

func TestWhatIsTrackedIsShownAsItIsSaidToBe(t *testing.T) {
	r := new(inspect.Registry)
	now := time.Now()
	client := r.Track(duplex.ObservedEnd{Name: "ann", Addr: "127.0.0.1:5"}, now)
	client.Set(inspect.Sample{In: 5, Out: 7, Waiting: 3, Mark: 9, Note: "2 subscriptions"})
	r.Sample(now.Add(time.Second))
	row := only(t, r.View(inspect.Query{Text: "ann"}))
	if row.AB.Bytes != 5 || row.BA.Bytes != 7 || row.BA.Waiting != 3 || row.BA.Mark != 9 || row.B.Name != "2 subscriptions" || row.State != inspect.Flowing {
		t.Errorf("it is %+v", row)
	}
	r.Sample(now.Add(4 * time.Second)) // it waits, and nothing has moved
	if row = only(t, r.ViewAt(inspect.Query{}, now.Add(4*time.Second))); row.State != inspect.Stalled {
		t.Errorf("it is %+v", row)
	}
	client.Close(errors.New("slow"))
	r.Track(duplex.ObservedEnd{}, now).Close(nil)
	series := gather(t, r)
	for name, want := range map[string]float64{
		"duplex_bytes_total{a_to_b,stream}":  5,
		"duplex_bytes_total{b_to_a,stream}":  7,
		"duplex_closed_total{stream,failed}": 1,
		"duplex_closed_total{stream,ended}":  1,
	} {
		if series[name] != want {
			t.Errorf("%s is %v, want %v", name, series[name], want)
		}
	}
	if v := r.View(inspect.Query{State: inspect.Failed}); only(t, v).Error != "slow" || v.Failures[0].Text != "slow" {
		t.Errorf("it ends as %+v", v)
	}
}
