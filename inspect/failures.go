package inspect

import (
	"slices"
	"sync"
	"time"
)

const (
	keptFailures = 100              // how many different ones
	failuresFor  = 10 * time.Minute // and for how long
)

// failures are the errors of the last minutes. Those that say the same are one,
// with a count.
type failures struct {
	mu   sync.Mutex
	list []Failure // the latest last
	all  int64
}

// Failure is an error of the last minutes.
type Failure struct {
	At    int64  `json:"at"` // when it came last: Unix time in milliseconds
	ID    uint64 `json:"id"` // the stream or join that it ended last; 0 for none
	Text  string `json:"text"`
	Count int    `json:"count"` // how often it came
}

func (f *failures) add(at time.Time, id uint64, text string) {
	text = shown(text)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all++
	one := Failure{At: at.UnixMilli(), ID: id, Text: text, Count: 1}
	if i := slices.IndexFunc(f.list, func(g Failure) bool { return g.Text == text }); i >= 0 {
		one.Count += f.list[i].Count
		f.list = slices.Delete(f.list, i, i+1)
	}
	if len(f.list) == keptFailures {
		f.list = slices.Delete(f.list, 0, 1)
	}
	f.list = append(f.list, one)
}

// latest returns those of the last minutes, the latest first.
func (f *failures) latest(now time.Time, most int) []Failure {
	f.mu.Lock()
	defer f.mu.Unlock()
	since := now.Add(-failuresFor).UnixMilli()
	f.list = slices.DeleteFunc(f.list, func(g Failure) bool { return g.At < since })
	list := append([]Failure{}, f.list[max(0, len(f.list)-most):]...) // never nil: JSON has a list
	slices.Reverse(list)
	return list
}

// total returns how many there have been in all.
func (f *failures) total() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.all
}
