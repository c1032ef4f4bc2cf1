// Package pty adds the endpoint pty:, a command at a terminal of its own, to
// package endpoint.
package pty

import (
	"context"
	"slices"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
)

func init() {
	endpoint.Register(endpoint.Scheme{
		Name:    "pty",
		Form:    "pty:program argument...",
		Opens:   "run",
		Summary: "a command at a terminal of its own, for what wants one: shells, editors, password prompts. Its size follows the terminal that we run at. Its standard error is part of what it says",
		Ends:    "an end types ^D, as a person would; with raw there is no such key, and it cannot half-close. The end of the command is one, or an error if its exit status is not 0. Closed or aborted before that, it loses its terminal and is ended as with exec",
		Options: slices.Concat(endpoint.CommandOptions(), options, endpoint.SilenceOptions()),
		Command: true,
		Check: func(s *endpoint.Spec) error {
			_, err := endpoint.SplitCommand(s.Target)
			switch {
			case err != nil:
				return err
			case s.Options.Count("rows", 0) > maxSize, s.Options.Count("cols", 0) > maxSize:
				return endpoint.Usagef("a terminal has at most %d rows and columns", maxSize)
			}
			return nil
		},
		Dial: func(_ context.Context, s *endpoint.Spec) (duplex.Stream, error) { return open(s) },
	})
}

var options = []endpoint.Option{
	{Name: "rows", Kind: endpoint.Count, Help: "how many rows the terminal has; as many as ours, or 24"},
	{Name: "cols", Kind: endpoint.Count, Help: "how many columns it has; as many as ours, or 80"},
	{Name: "raw", Kind: endpoint.Flag, Help: "begin with a terminal that passes every byte on as it is, without echo, lines, or ^C; false"},
}

const maxSize = 1<<16 - 1
