package main

import (
	"fmt"
	"io"
	"os"

	"github.com/duplex-go/duplex/endpoint"
	"github.com/duplex-go/duplex/tap"
)

type replayCmd struct {
	File  string  `arg:"" type:"existingfile" help:"A recording that duplex join --record has made."`
	URL   string  `arg:"" help:"Where to send it, or listen: and where to wait for whom it is sent to."`
	Side  string  `help:"Whose bytes are sent: a, those of the first endpoint; b, those of the second." enum:"a,b" default:"a"`
	Speed float64 `help:"How many times faster than it was; 0 is without waiting." default:"1"`
	Check bool    `help:"Fail when what comes back is not what was recorded."`
}

// Help is what "duplex replay --help" adds.
func (replayCmd) Help() string {
	return "It sends one side of a recorded session at its recorded times, with its end, and prints what comes back."
}

func (c replayCmd) Run(s *session) error {
	if c.Speed < 0 {
		return fmt.Errorf("%w: --speed must not be negative", errUsage)
	}
	file, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer file.Close()
	player, err := tap.NewPlayer(file)
	if err != nil {
		return fmt.Errorf("replay %s: %w", c.File, err)
	}
	spec, err := endpoint.Parse(c.URL)
	if err != nil {
		return err
	}
	stream, err := spec.Open(s)
	if err != nil {
		return err
	}
	r := tap.Replay{Speed: c.Speed, Check: c.Check, Received: s.out}
	if c.Check {
		r.Received = io.Discard // the verdict is the result
	}
	if c.Side == "b" {
		r.Side = tap.Back
	}
	if c.Speed == 0 {
		r.Speed = -1
	}
	if err := r.Play(s, player, stream); err != nil {
		return fmt.Errorf("replay %s to %v: %w", c.File, spec, err)
	}
	return nil
}
