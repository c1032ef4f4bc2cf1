// Duplex is socat's job with one contract: it connects, serves and transforms
// full-duplex streams. See "duplex help".
//
// Results go to standard output, everything else to standard error. It exits
// with 0 after an orderly end, 1 after a failure and 2 after wrong usage.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
	"github.com/duplex-go/duplex/codec"
	"github.com/duplex-go/duplex/endpoint"
	_ "github.com/duplex-go/duplex/endpoint/all" // the kinds that bring dependencies
)

// Exit codes.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// commands is the command line.
type commands struct {
	Demo    demoCmd    `cmd:"" help:"Run the two programs of the page on duplex streams."`
	Echo    echoCmd    `cmd:"" help:"Serve an endpoint: send back what comes in."`
	Connect connectCmd `cmd:"" help:"Connect standard input and output to an endpoint."`
	Join    joinCmd    `cmd:"" help:"Connect any endpoint to any other, both ways."`
	Through throughCmd `cmd:"" help:"Take standard input through transforms to standard output."`
	Hub     hubCmd     `cmd:"" help:"Run a NATS server for nats:// endpoints, alone or as one of a cluster."`
	Top     topCmd     `cmd:"" help:"Show in a terminal what flows through another duplex."`
	Replay  replayCmd  `cmd:"" help:"Play a recorded session to an endpoint."`
	Bench   benchCmd   `cmd:"" help:"Measure duplex beside what else is installed on this machine."`
	Explain explainCmd `cmd:"" help:"Say what a join of two endpoints guarantees."`

	Topics     helpCmd       `cmd:"" name:"help" help:"Explain the commands, endpoints or transforms."`
	Completion completionCmd `cmd:"" help:"Print a completion script for a shell."`
	Man        manCmd        `cmd:"" help:"Print the manual page."`
}

// session is what a command works with.
type session struct {
	context.Context // ends at the first SIGINT or SIGTERM
	out, log        io.Writer
}

func main() { os.Exit(run(os.Args[1:])) }

// run parses args, runs the command and returns the exit code.
func run(args []string) int {
	var cli commands
	parser, err := kong.New(&cli,
		kong.Name("duplex"),
		kong.Description("Full-duplex streams: serve, connect and transform them."),
		kong.Writers(os.Stdout, os.Stderr),
	)
	if err != nil {
		panic(err) // the commands above are wrong in themselves
	}
	cmd, err := parser.Parse(spellOut(args))
	if err != nil {
		fmt.Fprintf(os.Stderr, "duplex: %s (see duplex --help)\n", reason(err))
		return exitUsage
	}
	ctx, stop := interrupted()
	defer stop()
	return exitCode(cmd.Run(&session{ctx, os.Stdout, os.Stderr}))
}

// interrupted returns a context that ends at the first SIGINT or SIGTERM. The
// second one ends the program at once.
func interrupted() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		sig := <-signals
		code := exitFailure
		if s, ok := sig.(syscall.Signal); ok {
			code = 128 + int(s)
		}
		endpoint.RestoreTerminal()
		os.Exit(code)
	}()
	return ctx, cancel
}

// errUsage is matched by what is wrong with the command line itself.
var errUsage = errors.New("wrong usage")

// exitCode reports err on standard error, in a line, and returns the code for
// it.
func exitCode(err error) int {
	if err == nil {
		return exitOK
	}
	fmt.Fprintf(os.Stderr, "duplex: %s\n", reason(err))
	for _, usage := range []error{errUsage, endpoint.ErrUsage, codec.ErrUsage} {
		if errors.Is(err, usage) {
			return exitUsage
		}
	}
	return exitFailure
}

// spellOut writes "-" with options, such as "-,raw", as the endpoint that it is
// short for: the parser takes what begins with a dash for a flag.
func spellOut(args []string) []string {
	args = slices.Clone(args)
	for i, arg := range args {
		if strings.HasPrefix(arg, "-,") || strings.HasPrefix(arg, "-?") {
			args[i] = "stdio:" + arg[1:]
		}
	}
	return args
}
