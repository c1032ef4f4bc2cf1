package endpoint

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint/internal/process"
)

func execScheme() Scheme {
	return Scheme{
		Name:    "exec",
		Form:    "exec:program argument...",
		Opens:   "run",
		Summary: "a command's standard input and output; no shell: quotes keep an argument together, and nothing is expanded",
		Ends:    "an end closes its input, and the end of its output is one, or an error if its exit status is not 0; closed or aborted before that, it and its group are ended by SIGTERM, and after the grace by SIGKILL",
		Options: slices.Concat(CommandOptions(), execOptions, silenceOptions),
		Command: true,
		Check: func(s *Spec) error {
			if _, err := SplitCommand(s.Target); err != nil {
				return err
			}
			if e := s.Options.Text("stderr"); s.Options.Has("stderr") && e != "pass" && e != "drop" {
				return usage("option stderr: %q is not pass or drop", e)
			}
			return checkEnv(s)
		},
		Dial: func(_ context.Context, s *Spec) (duplex.Stream, error) { return runCommand(s) },
	}
}

// CommandOptions are the options of every kind that runs a command; they work
// by [Spec.CommandLine].
func CommandOptions() []Option {
	return []Option{
		{"dir", Text, Always, "the directory that the command runs in; this one"},
		{"env", List, Always, "a variable for its environment, NAME=VALUE, beside ours"},
		{"grace", Duration, Always, "how long the command gets to end by itself, and again after SIGTERM; 5s"},
		{"ignore-status", Flag, Always, "take any exit status for an end, as some programs use it for an answer; false. To be ended by a signal stays an error"},
	}
}

var execOptions = []Option{
	{"stderr", Text, Always, "pass what it says on standard error, or drop it; pass"},
}

// checkEnv reports what is wrong with the option env.
func checkEnv(s *Spec) error {
	for _, v := range s.Options.List("env") {
		if i := strings.IndexByte(v, '='); i < 1 {
			return usage("option env: %q is not NAME=VALUE", v)
		}
	}
	return nil
}

// CommandLine returns the command that s runs, with neither input nor output,
// and the time it gets to end.
func (s *Spec) CommandLine() (cmd *exec.Cmd, grace time.Duration, err error) {
	args, err := SplitCommand(s.Target)
	if err != nil {
		return nil, 0, err
	}
	cmd = exec.Command(args[0], args[1:]...)
	if cmd.Dir = s.Options.Text("dir"); cmd.Dir != "" {
		// A command that cannot start there is not told from a missing one.
		if _, err := os.Stat(cmd.Dir + "/."); err != nil {
			return nil, 0, fmt.Errorf("option dir: %s: %w", cmd.Dir, reason(err))
		}
	}
	// Sockets handed to us by systemd are not the command's.
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "LISTEN_") })
	cmd.Env = append(cmd.Env, s.Options.List("env")...)
	return cmd, s.Options.Duration("grace", 5*time.Second), checkEnv(s)
}

// runCommand starts the command of s.
func runCommand(s *Spec) (duplex.Stream, error) {
	cmd, grace, err := s.CommandLine()
	if err != nil {
		return nil, err
	}
	if s.Options.Text("stderr") != "drop" {
		cmd.Stderr = os.Stderr
	}
	childIn, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	out, childOut, err := os.Pipe()
	if err != nil {
		_ = childIn.Close()
		_ = in.Close()
		return nil, err
	}
	cmd.Stdin, cmd.Stdout = childIn, childOut
	p, err := process.Start(cmd, grace)
	_ = childIn.Close()
	_ = childOut.Close()
	if err != nil {
		_ = in.Close()
		_ = out.Close()
		return nil, StartError(cmd.Args[0], err)
	}
	return newCommand(s, cmd.Args[0], p, grace, in, out), nil
}
