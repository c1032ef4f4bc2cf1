package tap

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// A recording is lines of JSON: a head, and then one line for everything that
// happened, with the microseconds since the start.
//
//	{"duplex":"recording","version":1,"start":"…","a":"tcp://…","b":"…"}
//	{"us":120,"dir":"out","data":"aGVsbG8="}
//	{"us":3000,"dir":"back","end":true}
//	{"us":3100,"dir":"out","error":"connection reset by peer"}

// Head is the first line of a recording.
type Head struct {
	Duplex  string    `json:"duplex"` // "recording"
	Version int       `json:"version"`
	Start   time.Time `json:"start"`
	A       string    `json:"a,omitempty"` // what was tapped
	B       string    `json:"b,omitempty"` // what it was joined to
}

// Event is what happened at one moment of a recording: bytes, an end, or an
// error.
type Event struct {
	At   time.Duration // since the start
	Dir  Direction
	Data []byte
	End  bool
	Err  string
}

// eventLine is an Event as it is written.
type eventLine struct {
	US   int64  `json:"us"`
	Dir  string `json:"dir"`
	Data []byte `json:"data,omitempty"`
	End  bool   `json:"end,omitempty"`
	Err  string `json:"error,omitempty"`
}

var dirNames = [...]string{Out: "out", Back: "back"}

// Record returns a tap that writes both directions to w, with their times. a
// and b name the two sides.
func Record(w io.Writer, a, b string) (Tap, error) {
	r := &recorder{enc: json.NewEncoder(w), start: time.Now()}
	err := r.enc.Encode(Head{Duplex: "recording", Version: 1, Start: r.start.UTC(), A: a, B: b})
	return r, err
}

type recorder struct {
	enc   *json.Encoder
	start time.Time
}

func (r *recorder) Passed(d Direction, p []byte) error {
	return r.write(eventLine{Dir: dirNames[d], Data: p})
}

func (r *recorder) Ended(d Direction, err error) error {
	if err != nil {
		return r.write(eventLine{Dir: dirNames[d], Err: err.Error()})
	}
	return r.write(eventLine{Dir: dirNames[d], End: true})
}

func (r *recorder) write(l eventLine) error {
	l.US = time.Since(r.start).Microseconds()
	return r.enc.Encode(l)
}

// maxLine bounds a line of a recording. What one call moves is 64 KiB at most,
// and base64 makes a third more of it.
const maxLine = 1 << 20

// ErrRecording is matched by errors about a file that is no recording, or a
// damaged one.
var ErrRecording = errors.New("tap: not a recording")

// Player reads a recording.
type Player struct {
	Head  Head
	lines *bufio.Scanner
	line  int
	last  time.Duration
}

// NewPlayer reads the head of the recording in r.
func NewPlayer(r io.Reader) (*Player, error) {
	p := &Player{lines: bufio.NewScanner(r)}
	p.lines.Buffer(nil, maxLine)
	if err := p.next(&p.Head); err != nil {
		if err == io.EOF {
			err = fmt.Errorf("%w: it is empty", ErrRecording)
		}
		return nil, err
	}
	if p.Head.Duplex != "recording" || p.Head.Version != 1 {
		return nil, fmt.Errorf("%w of version 1", ErrRecording)
	}
	return p, nil
}

// next decodes the next line into v.
func (p *Player) next(v any) error {
	p.line++
	if !p.lines.Scan() {
		if err := p.lines.Err(); err != nil {
			return fmt.Errorf("%w: line %d: %w", ErrRecording, p.line, err)
		}
		return io.EOF
	}
	if err := json.Unmarshal(p.lines.Bytes(), v); err != nil {
		return fmt.Errorf("%w: line %d: %w", ErrRecording, p.line, err)
	}
	return nil
}

// Next returns the next event, or io.EOF after the last one. Its data are good
// until the next call.
func (p *Player) Next() (Event, error) {
	var l eventLine
	if err := p.next(&l); err != nil {
		return Event{}, err
	}
	e := Event{At: time.Duration(l.US) * time.Microsecond, Data: l.Data, End: l.End, Err: l.Err}
	switch l.Dir {
	case dirNames[Out]:
		e.Dir = Out
	case dirNames[Back]:
		e.Dir = Back
	default:
		return e, fmt.Errorf("%w: line %d: direction %q", ErrRecording, p.line, l.Dir)
	}
	if e.At < p.last {
		return e, fmt.Errorf("%w: line %d: time goes back", ErrRecording, p.line)
	}
	p.last = e.At
	return e, nil
}
