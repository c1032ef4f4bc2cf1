package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"text/tabwriter"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/codec"
	"github.com/duplex-go/duplex/endpoint"
	"github.com/duplex-go/duplex/progress"
	"golang.org/x/term"
)

type throughCmd struct {
	T        []string `arg:"" sep:"none" help:"A transform, name[:key=value,...], such as gzip:level=9. Several are done in turn. See duplex help transforms."`
	Progress *bool    `negatable:"" help:"Tell on standard error how much has gone in and come out; the default where that is a terminal and standard output is none."`
}

// Help is what "duplex through --help" adds.
func (throughCmd) Help() string {
	return "It takes standard input through transforms to standard output, however much that is, in constant memory. " +
		"Input that is cut or damaged is a failure; what could be made of it until then has been written."
}

func (c throughCmd) Run(s *session) error {
	stdio, err := endpoint.Stdio()
	if err != nil {
		return fmt.Errorf("through: %w", err)
	}
	conn := duplex.NewConn(stdio)
	stages := []duplex.Stage{duplex.From(conn)}
	for _, spec := range c.T {
		t, err := codec.Parse(spec)
		if err != nil {
			return err
		}
		stages = append(stages, t)
	}
	signal.Ignore(syscall.SIGPIPE) // a broken pipe is an error of the write, and no death
	if c.Progress == nil && term.IsTerminal(int(os.Stderr.Fd())) && !term.IsTerminal(int(os.Stdout.Fd())) || c.Progress != nil && *c.Progress {
		count := func() (in, out int64) { return conn.BytesRead(), conn.BytesWritten() }
		defer progress.Start(s.log, count, length(os.Stdin)).Finish()
	}
	return throughError(duplex.Pipeline(s, append(stages, duplex.To(conn))...), len(stages))
}

// length returns how many bytes a regular file has, and zero for any other.
func length(f *os.File) int64 {
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return 0
	}
	return info.Size()
}

// throughError says in one line where a pipeline from standard input to stage
// last, standard output, failed.
func throughError(err error, last int) error {
	var stage *duplex.StageError
	switch {
	case err == nil || errors.Is(err, syscall.EPIPE):
		return nil // who reads has had enough
	case errors.Is(err, context.Canceled):
		return errors.New("through: interrupted")
	case !errors.As(err, &stage):
		return fmt.Errorf("through: %w", err)
	case stage.Index == 0:
		return fmt.Errorf("through: standard input: %w", stage.Err)
	case stage.Index == last:
		return fmt.Errorf("through: standard output: %w", stage.Err)
	}
	return fmt.Errorf("through %s: %w", stage.Name, stage.Err)
}

// helpTransforms prints the transforms and their options.
func helpTransforms(w io.Writer) error {
	fmt.Fprint(w, `A transform is a name and options, name:key=value,key=value. An option that is a switch needs no value.
`)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, k := range codec.List() {
		fmt.Fprintf(t, "\n%s\t%s\n", k.Name, k.Help)
		if k.Inverse != "" {
			fmt.Fprintf(t, "\tundone by %s\n", k.Inverse)
		}
		for _, o := range k.Options {
			value := o.Name
			if o.Value != "" {
				value += "=" + o.Value
			}
			fmt.Fprintf(t, "  %s\t%s\n", value, o.Help)
		}
	}
	return t.Flush()
}
