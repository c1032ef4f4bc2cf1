package inspect_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/inspect"
)

func TestAJoinIsShownFromItsBeginningToItsEnd(t *testing.T) {
	r := new(inspect.Registry)
	j := join(t, r, "left", "right")
	pass(t, j.a, j.b, "hello")
	now := time.Now()
	r.Sample(now)
	row := only(t, r.ViewAt(inspect.Query{}, now))
	if row.Kind != "join" || row.A.Name != "left" || row.B.Name != "right" || row.State != inspect.Flowing ||
		row.AB.State != "open" || row.AB.Bytes != 5 || row.AB.Rate == 0 || row.BA.Bytes != 0 || row.BA.Rate != 0 {
		t.Errorf("flowing: %+v", row)
	}
	later := now.Add(time.Minute)
	r.Sample(later)
	if row := only(t, r.ViewAt(inspect.Query{}, later)); row.State != inspect.Silent || row.AB.Rate != 0 {
		t.Errorf("silent: %+v", row)
	}
	_ = j.a.CloseWrite()
	eventually(t, "the end", func() bool { return only(t, r.View(inspect.Query{})).State == inspect.HalfClosed })
	row = only(t, r.View(inspect.Query{}))
	if row.AB.State != "ended" || row.BA.State != "open" {
		t.Errorf("half-closed: %+v", row)
	}
	j.end(t)
	v := r.View(inspect.Query{})
	if row := only(t, v); row.State != inspect.Closed || row.BA.State != "ended" || row.AB.Bytes != 5 {
		t.Errorf("closed: %+v", row)
	}
	if v.Totals.Live != 0 || v.Totals.Opened != 1 || v.Totals.Failed != 0 || v.Totals.Bytes != 5 {
		t.Errorf("totals: %+v", v.Totals)
	}
	soon := time.Now().Add(time.Minute)
	if v := r.ViewAt(inspect.Query{}, soon); len(v.Rows) > 0 {
		t.Errorf("still there after a minute: %+v", v.Rows)
	}
	d := r.ViewAt(inspect.Query{ID: row.ID}, soon).Detail
	if d == nil {
		t.Fatal("nothing is known of what has just gone")
	}
	var what []string
	for _, e := range d.Timeline {
		what = append(what, strings.TrimSpace(e.Way+" "+e.What))
	}
	if want := []string{"opened", "ab first byte", "ab ended", "ba ended", "closed"}; !slices.Equal(what, want) {
		t.Errorf("timeline %q, want %q", what, want)
	}
	if v := r.ViewAt(inspect.Query{ID: row.ID}, time.Now().Add(time.Hour)); v.Detail != nil {
		t.Error("it is kept for longer than it is to be")
	}
}

func TestAJoinWhoseReaderDoesNotReadIsStalledUntilItDoes(t *testing.T) {
	r := new(inspect.Registry)
	j := join(t, r, "", "")
	written := make(chan error, 1)
	go func() { _, err := j.a.Write(make([]byte, 1<<20)); written <- err }()
	now := time.Now()
	eventually(t, "the marks", func() bool {
		now = now.Add(time.Second)
		r.Sample(now)
		row := only(t, r.ViewAt(inspect.Query{}, now))
		return row.State == inspect.Stalled && row.AB.Stalled > 0 && row.AB.Waiting == row.AB.Mark && row.AB.Mark == 2*duplex.DefaultHighWaterMark
	})
	if row := only(t, r.ViewAt(inspect.Query{State: inspect.Stalled}, now)); row.BA.Stalled != 0 {
		t.Errorf("the other direction is stalled too: %+v", row)
	}
	_ = j.b.CloseWrite()
	for n := 0; n < 1<<20; {
		m, err := j.b.Read(make([]byte, 64<<10))
		if err != nil {
			t.Fatal(err)
		}
		n += m
	}
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Second)
	eventually(t, "the flow", func() bool {
		r.Sample(now)
		return only(t, r.ViewAt(inspect.Query{}, now)).AB.Stalled == 0
	})
	d := r.ViewAt(inspect.Query{ID: 1}, now).Detail
	if text := fmt.Sprint(d.Timeline); !strings.Contains(text, "stalled") || !strings.Contains(text, "flows again") {
		t.Errorf("timeline %v", d.Timeline)
	}
}

func TestAFailureIsShownWithItsTextAndCounted(t *testing.T) {
	r := new(inspect.Registry)
	j := join(t, r, "a", "b")
	_ = j.a.Abort(errGone)
	<-j.done
	v := r.View(inspect.Query{State: inspect.Failed})
	row := only(t, v)
	if row.AB.State != "aborted" || !strings.Contains(row.AB.Error, errGone.Error()) || !strings.Contains(row.Error, errGone.Error()) {
		t.Errorf("row %+v", row)
	}
	r.Failed(errGone)
	r.Failed(errGone)
	v = r.View(inspect.Query{})
	if len(v.Failures) != 2 || v.Failures[0].Text != errGone.Error() || v.Failures[0].Count != 2 || v.Failures[1].ID != row.ID {
		t.Errorf("failures %+v", v.Failures)
	}
	if v := r.ViewAt(inspect.Query{}, time.Now().Add(time.Hour)); len(v.Failures) > 0 {
		t.Errorf("after an hour: %+v", v.Failures)
	}
}

// Whatever is opened, fails and is said, what is kept has bounds (R37).
func TestR37_WhatARegistryHoldsIsBounded(t *testing.T) {
	r := &inspect.Registry{Limit: 10}
	var open []*joined
	for i := range 15 {
		open = append(open, join(t, r, strings.Repeat("ä", inspect.LongestText), fmt.Sprint(i)))
	}
	v := r.View(inspect.Query{})
	if v.Totals.Live != 10 || v.Totals.Beyond != 5 || v.Totals.Opened != 15 {
		t.Errorf("totals %+v", v.Totals)
	}
	for _, row := range v.Rows {
		if name := row.A.Name; len(name) > inspect.LongestText+4 || !utf8.ValidString(name) {
			t.Errorf("%d bytes of a name", len(name))
		}
	}
	pass(t, open[14].a, open[14].b, "not looked at")
	for _, j := range open {
		j.end(t)
	}
	if v := r.View(inspect.Query{}); v.Totals.Bytes != int64(len("not looked at")) {
		t.Errorf("what was not looked at is not counted at its end: %+v", v.Totals)
	}
	for i := range 3 * inspect.KeptFailures {
		r.Failed(fmt.Errorf("failure %d", i))
		j := join(t, r, "", "")
		j.end(t)
	}
	if v := r.View(inspect.Query{State: inspect.Closed, Limit: 10_000}); v.Matched > inspect.KeptClosed {
		t.Errorf("%d are kept", v.Matched)
	}
	if v := r.View(inspect.Query{}); len(v.Failures) > inspect.KeptFailures || v.Failures[0].Text != "failure 299" {
		t.Errorf("%d failures, the latest %+v", len(v.Failures), v.Failures[0])
	}
}

func TestATimelineKeepsHowItBeganAndWhatWasLast(t *testing.T) {
	r := new(inspect.Registry)
	j := join(t, r, "", "")
	now := time.Now()
	for range inspect.LongestTimeline {
		pass(t, j.a, j.b, "x")
		eventually(t, "the byte", func() bool {
			now = now.Add(time.Second)
			r.Sample(now)
			return only(t, r.ViewAt(inspect.Query{}, now)).State == inspect.Flowing
		})
		go func() { _, _ = j.a.Write(make([]byte, 300<<10)) }()
		eventually(t, "the stall", func() bool {
			now = now.Add(time.Second)
			r.Sample(now)
			return only(t, r.ViewAt(inspect.Query{}, now)).State == inspect.Stalled
		})
		for n := 0; n < 300<<10; {
			m, _ := j.b.Read(make([]byte, 64<<10))
			n += m
		}
	}
	d := r.ViewAt(inspect.Query{ID: 1}, now).Detail
	if len(d.Timeline) != inspect.LongestTimeline || d.Dropped == 0 || d.Timeline[0].What != "opened" {
		t.Errorf("%d events, %d dropped, first %+v", len(d.Timeline), d.Dropped, d.Timeline[0])
	}
}

func TestRowsAreFilteredSortedAndCut(t *testing.T) {
	r := new(inspect.Registry)
	for i, name := range []string{"cherry", "apple", "Banana"} {
		j := join(t, r, name, "tcp://"+name)
		pass(t, j.a, j.b, strings.Repeat("x", 1000*(i+1)))
		if name == "apple" {
			_ = j.a.CloseWrite()
		}
	}
	eventually(t, "the end", func() bool { return r.View(inspect.Query{}).Totals.States[inspect.HalfClosed] == 1 })
	r.Sample(time.Now())
	for _, test := range []struct {
		q    inspect.Query
		want string
	}{
		{inspect.Query{}, "Banana apple cherry"},
		{inspect.Query{Up: true}, "cherry apple Banana"},
		{inspect.Query{Sort: inspect.ByName}, "apple Banana cherry"},
		{inspect.Query{Sort: inspect.ByName, Up: true}, "cherry Banana apple"},
		{inspect.Query{Sort: inspect.ByBytes}, "Banana apple cherry"},
		{inspect.Query{Sort: inspect.ByRate, Up: true}, "cherry apple Banana"},
		{inspect.Query{Sort: inspect.ByState}, "apple Banana cherry"},
		{inspect.Query{Limit: 1}, "Banana"},
		{inspect.Query{Text: " BANANA "}, "Banana"},
		{inspect.Query{Text: "tcp://", State: inspect.HalfClosed}, "apple"},
		{inspect.Query{Text: "nothing like it"}, ""},
		{inspect.Query{State: inspect.Closed}, ""},
	} {
		v := r.View(test.q)
		var names []string
		for _, row := range v.Rows {
			names = append(names, row.A.Name)
		}
		if got := strings.Join(names, " "); got != test.want {
			t.Errorf("%+v shows %q, want %q", test.q, got, test.want)
		}
		back, err := inspect.ParseQuery(test.q.Values())
		if err != nil || back != test.q {
			t.Errorf("%+v is read as %+v, %v", test.q, back, err)
		}
	}
}

func TestLayersAreShownWithTheirRatio(t *testing.T) {
	r := new(inspect.Registry)
	double := duplex.Map(func(p []byte) []byte { return append(p, p...) }).Named("double")
	a, nearA := duplex.Pair()
	nearB, b := duplex.Pair()
	done := make(chan error, 1)
	go func() {
		_, err := duplex.Joiner{Observer: r}.Join(t.Context(), nearA, duplex.Layer(nearB, duplex.Codec{Encode: double}))
		done <- err
	}()
	_, _ = a.Write([]byte("abc"))
	_, _ = b.Read(make([]byte, 6))
	eventually(t, "the count", func() bool {
		v := r.View(inspect.Query{Text: "double"})
		return len(v.Rows) == 1 && fmt.Sprint(v.Rows[0].Layers) == "[{ab [double] 3 6}]"
	})
	_, _ = a.CloseWrite(), b.CloseWrite()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if row := only(t, r.View(inspect.Query{})); fmt.Sprint(row.Layers) != "[{ab [double] 3 6}]" {
		t.Errorf("at the end: %v", row.Layers)
	}
}

// Secrets in names, addresses and errors are not in what is shown (R62).
func TestR62_ARegistryShowsNoSecrets(t *testing.T) {
	r := new(inspect.Registry)
	j := join(t, r, "ws://user:s3cr3t@h/x%3Ftoken=s3cr3t", "nats://s3cr3t@h,creds=s3cr3t")
	_ = j.a.Abort(errors.New("dial ws://u:s3cr3t@h: Authorization: Bearer s3cr3t refused"))
	<-j.done
	r.Failed(errors.New("session=s3cr3t is gone"))
	if text := fmt.Sprintf("%+v", r.View(inspect.Query{ID: 1})); strings.Contains(text, "s3cr3t") {
		t.Errorf("shown: %s", text)
	}
}

// A page takes lists for granted: one that is empty is a list too.
func TestAnEmptyRegistryShowsListsAndNotNull(t *testing.T) {
	text, err := json.Marshal(new(inspect.Registry).View(inspect.Query{}))
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Replace(string(text), `"detail":null`, "", 1); strings.Contains(got, "null") {
		t.Errorf("it has null: %s", got)
	}
}
