package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/codec"
	"github.com/duplex-go/duplex/endpoint"
	"github.com/duplex-go/duplex/relay"
	"github.com/duplex-go/duplex/tap"
)

type joinCmd struct {
	A string `arg:"" help:"One endpoint; see duplex help endpoints. With listen: before it, it waits for a connection, and with the option fork for any number of them."`
	B string `arg:"" help:"The other one."`
	joinFlags
}

// joinFlags are those of join and connect.
type joinFlags struct {
	Through   []string `sep:"none" help:"A transform between the two, such as gzip: what flows from A to B is encoded, what flows back decoded. Several are done in turn. See duplex help transforms." placeholder:"T"`
	ThroughAB []string `sep:"none" name:"through-ab" help:"A transform of what flows from A to B, before those of --through." placeholder:"T"`
	ThroughBA []string `sep:"none" name:"through-ba" help:"A transform of what flows from B to A, after what undoes those of --through." placeholder:"T"`

	EOF      eofPolicy     `name:"eof" help:"What the end of one side does: half, the other side gets it and may go on; close, both are closed; wait=DURATION, nothing is passed on and the other side may be silent for so long." default:"half" placeholder:"half|close|wait=DURATION"`
	Linger   time.Duration `help:"Once one side has ended, how long the other may be silent; 0 is for ever." default:"1m"`
	Idle     time.Duration `help:"How long both may be silent; 0 is for ever." default:"0s"`
	Timeout  time.Duration `help:"How long it may take in all; 0 is for ever." default:"0s"`
	Rate     byteSize      `name:"limit-rate" help:"Bytes a second, each way; 0 is any." default:"0" placeholder:"BYTES"`
	MaxBytes byteSize      `help:"Fail when one side has sent more; 0 is any." default:"0" placeholder:"BYTES"`
	TeeAB    string        `name:"tee-ab" help:"Also write what flows from A to B to this file." placeholder:"FILE"`
	TeeBA    string        `name:"tee-ba" help:"Also write what flows from B to A to this file." placeholder:"FILE"`
	Dump     string        `help:"Show what passes on standard error: hex or text." enum:",hex,text" default:"" placeholder:"hex|text"`
	Record   string        `help:"Record both directions with their times; see duplex replay. With fork, and for tees, %n in the name is the number of the connection." placeholder:"FILE"`
	Grace    time.Duration `help:"After SIGINT or SIGTERM, how long it may take to write what has been read; with fork, how long connections may go on." default:"5s"`
	reportFlags
	inspectFlags
}

// Help is what "duplex join --help" adds.
func (joinCmd) Help() string {
	return "The end of each direction is carried over; a failure is passed on as an abort, and the exit code is 1. " +
		"Without fork it ends with its one connection. At SIGINT or SIGTERM it reads no more, writes what it has read, ends both " +
		"sides and exits with 0; with fork it stops listening first and lets the connections end by themselves. " +
		"What cannot be written in time is cut off, and the exit code is 1. A second signal ends it at once."
}

func (c joinCmd) Run(s *session) error { return c.join(s, c.A, c.B) }

// join joins the endpoints named a and b.
func (f joinFlags) join(s *session, a, b string) error {
	if err := f.check(); err != nil {
		return err
	}
	r, err := f.relay(s, a, b)
	if err != nil {
		return err
	}
	for _, spec := range []*endpoint.Spec{r.A, r.B} {
		for _, warning := range spec.Warnings() {
			fmt.Fprintf(s.log, "duplex: warning: %s\n", warning)
		}
	}
	if line := f.line(s, r, f.Dump != ""); line != nil {
		defer line.Finish()
	}
	r.Events = f.reporter(s, r).events()
	registry := f.registry()
	stop, err := f.inspector(s, registry)
	if err != nil {
		return err
	}
	defer stop()
	if registry != nil {
		r.Observer = registry
		told := r.Events.Failed
		r.Events.Failed = func(err error) {
			registry.Failed(err)
			told(err)
		}
	}
	err = r.Run(s)
	if s.Err() != nil && errors.Is(err, context.Canceled) {
		return fmt.Errorf("%v to %v: interrupted", r.A, r.B)
	}
	return err
}

// relay returns what the flags say.
func (f joinFlags) relay(s *session, a, b string) (*relay.Relay, error) {
	specA, err := endpoint.Parse(a)
	if err != nil {
		return nil, err
	}
	specB, err := endpoint.Parse(b)
	if err != nil {
		return nil, err
	}
	if err := rawAtTerminal(specA, specB); err != nil {
		return nil, err
	}
	r := &relay.Relay{
		A: specA, B: specB,
		Rate: int64(f.Rate), MaxBytes: int64(f.MaxBytes), Timeout: f.Timeout,
		End: f.EOF.policy, Linger: f.Linger, Idle: f.Idle, Grace: f.Grace,
	}
	if r.Grace == 0 {
		r.Grace = -1
	}
	if f.EOF.wait > 0 {
		r.Linger = f.EOF.wait
	}
	if r.Linger == 0 {
		r.Linger = -1
	}
	if r.Codec, err = f.codec(); err != nil {
		return nil, err
	}
	if f.TeeAB+f.TeeBA+f.Record+f.Dump != "" {
		r.Taps = func(join relay.Info) ([]tap.Tap, error) { return f.taps(s, r, join) }
	}
	return r, r.Check()
}

// rawAtTerminal puts our own terminal in raw mode if it is joined with another,
// so that every key goes there.
func rawAtTerminal(a, b *endpoint.Spec) error {
	for _, pair := range [][2]*endpoint.Spec{{a, b}, {b, a}} {
		stdio, other := pair[0], pair[1]
		if stdio.Scheme.Name == "stdio" && other.Scheme.Name == "pty" && !stdio.Options.Has("raw") && endpoint.IsTerminal() {
			return stdio.Set("raw")
		}
	}
	return nil
}

// codec returns the transforms between the two, or nil if there are none.
func (f joinFlags) codec() (*duplex.Codec, error) {
	if len(f.Through)+len(f.ThroughAB)+len(f.ThroughBA) == 0 {
		return nil, nil
	}
	both, err := codec.Pair(f.Through...)
	if err != nil {
		return nil, err
	}
	parse := func(specs []string) (list []duplex.Transform) {
		for _, spec := range specs {
			t, perr := codec.Parse(spec)
			if perr != nil && err == nil {
				err = perr
			}
			list = append(list, t)
		}
		return list
	}
	encode := append(parse(f.ThroughAB), both.Encode)
	decode := append([]duplex.Transform{both.Decode}, parse(f.ThroughBA)...)
	return &duplex.Codec{Encode: duplex.Compose(encode...), Decode: duplex.Compose(decode...)}, err
}

// taps opens the taps of one join.
func (f joinFlags) taps(s *session, r *relay.Relay, join relay.Info) (taps []tap.Tap, err error) {
	open := func(name string, make func(*os.File) (tap.Tap, error)) {
		if name == "" || err != nil {
			return
		}
		var file *os.File
		file, err = os.Create(strings.ReplaceAll(name, "%n", strconv.FormatInt(join.ID, 10)))
		if err != nil {
			return
		}
		var t tap.Tap
		t, err = make(file)
		taps = append(taps, tapFile{t, file})
	}
	open(f.TeeAB, func(w *os.File) (tap.Tap, error) { return tap.Tee(tap.Out, w), nil })
	open(f.TeeBA, func(w *os.File) (tap.Tap, error) { return tap.Tee(tap.Back, w), nil })
	open(f.Record, func(w *os.File) (tap.Tap, error) { return tap.Record(w, r.A.String(), r.B.String()) })
	switch f.Dump {
	case "hex":
		taps = append(taps, tap.Dump(s.log, tap.Hex))
	case "text":
		taps = append(taps, tap.Dump(s.log, tap.Text))
	}
	return taps, err
}

// tapFile is a tap that writes to a file of its own.
type tapFile struct {
	tap.Tap
	*os.File
}

// eofPolicy is the value of --eof.
type eofPolicy struct {
	policy duplex.EndPolicy
	wait   time.Duration
}

// UnmarshalText reads the flag.
func (e *eofPolicy) UnmarshalText(text []byte) error {
	name, value, timed := strings.Cut(string(text), "=")
	switch {
	case name == "half" && !timed:
		e.policy = duplex.HalfClose
	case name == "close" && !timed:
		e.policy = duplex.CloseBoth
	case name == "wait" && timed:
		e.policy = duplex.KeepOpen
		d, err := time.ParseDuration(value)
		if err != nil || d <= 0 {
			return fmt.Errorf("%q is not a duration, such as 5s", value)
		}
		e.wait = d
	default:
		return fmt.Errorf("%q is not half, close or wait=DURATION", text)
	}
	return nil
}

// byteSize is a number of bytes, such as 64k.
type byteSize int64

// UnmarshalText reads the flag.
func (b *byteSize) UnmarshalText(text []byte) error {
	n, err := endpoint.ParseBytes(string(text))
	*b = byteSize(n)
	return err
}
