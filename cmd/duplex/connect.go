package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
)

type connectCmd struct {
	URL    string        `arg:"" help:"What to connect to: tcp://host:port or unix:///path."`
	Linger time.Duration `help:"Once one side has ended, how long the other may be silent; 0 is for ever." default:"1m"`
}

// Help is what "duplex connect --help" adds.
func (connectCmd) Help() string {
	return "The end of standard input ends the sending and not the receiving, so that a reply to everything still arrives. " +
		"At SIGINT or SIGTERM the connection is cut."
}

func (c connectCmd) Run(s *session) error {
	remote, err := endpoint.Dial(s, c.URL)
	if err != nil {
		return err
	}
	local, err := endpoint.Dial(s, "-")
	if err != nil {
		return errors.Join(err, remote.Close())
	}
	linger := c.Linger
	if linger == 0 {
		linger = -1
	}
	_, err = duplex.Joiner{Linger: linger}.Join(s, local, remote)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("connect %s: interrupted", c.URL)
	}
	return fmt.Errorf("connect %s: %w", c.URL, err)
}
