package endpoint

import (
	"context"
	"slices"

	"github.com/duplex-go/duplex"
)

func pipeScheme() Scheme {
	return Scheme{
		Name:    "pipe",
		Form:    "pipe:path",
		Opens:   "open",
		Summary: "a named pipe that is read, or with write alone written; pipe:in,write=out reads one and writes another. It is made if it is missing, for its own user only, and stays. Opening waits for somebody at its other end",
		Ends:    "an end closes the pipe that is written, and an abort looks like one. What is only written reads as empty once the writing has ended",
		Options: slices.Concat(pipeOptions, silenceOptions),
		Patient: true,
		Check: func(s *Spec) error {
			_, _, err := s.pipePaths()
			return err
		},
		Dial: func(ctx context.Context, s *Spec) (duplex.Stream, error) { return openPipes(ctx, s) },
	}
}

var pipeOptions = []Option{
	{"write", Text, Always, "write to this pipe; without a value, to the one that is named first, which is then not read; none"},
	{"mode", Mode, Always, "the permissions of a pipe that is made; 0600"},
	{"timeout", Duration, Always, "how long to wait for somebody at the other end; 0, which is for ever"},
	retryOption,
}

// pipePaths returns the pipes to read and to write, each if there is one.
func (s *Spec) pipePaths() (in, out string, err error) {
	if in, err = s.path(); err != nil {
		return "", "", err
	}
	switch out = s.Options.Text("write"); out {
	case "":
		if s.Options.Has("write") {
			err = usage("option write: no path")
		}
	case "true":
		in, out = "", in
	case "false":
		out = ""
	}
	return in, out, err
}
