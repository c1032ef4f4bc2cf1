package main

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"text/tabwriter"

	"github.com/duplex-go/duplex/endpoint"
	"github.com/duplex-go/duplex/relay"
)

type explainCmd struct {
	A string `arg:"" help:"One endpoint."`
	B string `arg:"" help:"The other one."`
	joinFlags
}

// Help is what "duplex explain --help" adds.
func (explainCmd) Help() string {
	return "It takes what duplex join takes, joins nothing, and says what that join would guarantee."
}

func (c explainCmd) Run(s *session) error {
	r, err := c.relay(s, c.A, c.B)
	if err != nil {
		return err
	}
	return explain(s.out, r, c.joinFlags)
}

// explain prints what a join of these endpoints is like.
func explain(out io.Writer, r *relay.Relay, f joinFlags) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for i, s := range []*endpoint.Spec{r.A, r.B} {
		fmt.Fprintf(w, "%c\t%s\t%s\n", 'A'+i, s, s.Scheme.Summary)
		fmt.Fprintf(w, "\tits end\t%s\n", s.Scheme.Ends)
		var names []string
		for _, o := range s.Scheme.Options {
			names = append(names, o.Name)
		}
		fmt.Fprintf(w, "\toptions\t%s\n", strings.Join(names, " "))
	}
	fmt.Fprintf(w, "order\t\tevery byte once and in order, each way; a failure is passed on as an abort and is exit code 1\n")
	fmt.Fprintf(w, "end\t\t%s\n", endText(f))
	fmt.Fprintf(w, "zero-copy\t\t%s\n", zeroCopy(r, f))
	fmt.Fprintf(w, "memory\t\tat most 64 KiB each way, and none where the bytes stay in the kernel or both sides are silent\n")
	fmt.Fprintf(w, "silence\t\tboth: %s; after one end: %s\n", forEver(f.Idle.String()), forEver(f.Linger.String()))
	fmt.Fprintf(w, "limits\t\tbytes each way: %s; a second: %s; time in all: %s\n",
		count(int64(f.MaxBytes)), count(int64(f.Rate)), forEver(f.Timeout.String()))
	return w.Flush()
}

func endText(f joinFlags) string {
	switch {
	case f.EOF.wait > 0:
		return fmt.Sprintf("passed on to neither; the other side may be silent for %v", f.EOF.wait)
	case f.EOF.policy != 0:
		return "the first one closes both sides, after what was read has been written"
	}
	return "passed on where the other side can take it, while the opposite direction goes on"
}

// zeroCopy says whether bytes stay in the kernel, and why not.
func zeroCopy(r *relay.Relay, f joinFlags) string {
	switch {
	case runtime.GOOS != "linux":
		return "no: only on Linux"
	case r.Codec != nil:
		return "no: transforms need the bytes"
	case r.Taps != nil:
		return "no: what is shown, copied or recorded passes through memory"
	case f.Rate > 0 || f.MaxBytes > 0:
		return "no: limits need the bytes"
	case r.A.Scheme.Name == "tcp" && r.B.Scheme.Name == "tcp":
		return "yes, both ways"
	case r.A.Scheme.Name+r.B.Scheme.Name == "tcpunix" || r.A.Scheme.Name+r.B.Scheme.Name == "unixtcp":
		return "yes, both ways"
	}
	return "no: only between TCP and Unix sockets"
}

func forEver(d string) string {
	if d == "0s" {
		return "no bound"
	}
	return d
}

// count says a limit.
func count(n int64) string {
	if n == 0 {
		return "any number"
	}
	return fmt.Sprint(n)
}
