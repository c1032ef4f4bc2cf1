package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
	"github.com/duplex-go/duplex/progress"
	"github.com/duplex-go/duplex/relay"
	"golang.org/x/term"
)

// reportFlags say how a command tells what it does.
type reportFlags struct {
	JSON    bool `name:"json" help:"Tell what happens in lines of JSON."`
	Verbose bool `short:"v" help:"Tell of every connection."`
	Quiet   bool `short:"q" help:"Tell nothing but what failed."`

	Progress *bool `negatable:"" help:"Show on standard error how much flows each way, and in the end how much that was; the default where that is a terminal and no endpoint, dump or JSON needs it."`
}

// check reports what cannot go together.
func (f reportFlags) check() error {
	if f.Progress != nil && *f.Progress && (f.JSON || f.Quiet) {
		return fmt.Errorf("%w: --progress goes neither with --json nor with --quiet", errUsage)
	}
	return nil
}

// line begins to show the progress of a relay, if that is wanted: as a part of
// s.log, above which everything else is told then. It returns nil otherwise.
func (f reportFlags) line(s *session, r *relay.Relay, dumps bool) *progress.Line {
	wanted := f.Progress != nil && *f.Progress
	if f.Progress == nil {
		wanted = !f.JSON && !f.Quiet && !dumps && term.IsTerminal(int(os.Stderr.Fd())) && !atTerminal(r.A) && !atTerminal(r.B)
	}
	if !wanted {
		return nil
	}
	line := progress.StartBoth(s.log, r.Traffic)
	line.Always = f.Progress != nil
	s.log = line
	return line
}

// atTerminal reports whether an endpoint shows what it gets, or asks for what it
// gives, on our terminal.
func atTerminal(s *endpoint.Spec) bool {
	return s.Scheme.Name == "stdio" && (endpoint.IsTerminal() || term.IsTerminal(int(os.Stdout.Fd())))
}

// reporter tells on standard error what a relay does.
type reporter struct {
	reportFlags
	w     io.Writer
	log   *slog.Logger // set for JSON
	relay *relay.Relay
}

func (f reportFlags) reporter(s *session, r *relay.Relay) *reporter {
	p := &reporter{reportFlags: f, w: s.log, relay: r}
	if f.JSON {
		p.log = slog.New(slog.NewJSONHandler(s.log, nil))
	}
	return p
}

func (p *reporter) events() relay.Events {
	return relay.Events{Listening: p.listening, Opened: p.opened, Ended: p.ended, Failed: p.failed}
}

func (p *reporter) listening(url string) {
	switch {
	case p.log != nil:
		p.log.Info("listening", "url", url)
	case !p.Quiet:
		fmt.Fprintf(p.w, "listening on %s\n", url)
	}
}

func (p *reporter) opened(join relay.Info) {
	switch {
	case p.log != nil:
		p.log.Info("opened", "id", join.ID, "peer", join.Peer, "a", p.relay.A.String(), "b", p.relay.B.String())
	case p.Verbose:
		peer := join.Peer
		if peer == "" { // nobody came: it is the only one
			peer = fmt.Sprintf("%v with %v", p.relay.A, p.relay.B)
		}
		fmt.Fprintf(p.w, "%d: opened %s\n", join.ID, oneLine(peer))
	}
}

func (p *reporter) ended(join relay.Info, result duplex.Result, took time.Duration, err error) {
	if p.log != nil {
		level := slog.LevelInfo
		if err != nil {
			level = slog.LevelError
		}
		p.log.Log(context.Background(), level, "ended", "id", join.ID, "peer", join.Peer, "took", took.String(),
			"ab", direction(result.AB), "ba", direction(result.BA), "error", record(err))
		return
	}
	if err != nil && join.Peer != "" { // the only one is reported at the end
		fmt.Fprintf(p.w, "duplex: connection %d from %s: %s\n", join.ID, oneLine(join.Peer), reason(err))
	}
	if p.Verbose {
		fmt.Fprintf(p.w, "%d: a to b %d bytes, %v; b to a %d bytes, %v; %v\n", join.ID,
			result.AB.Bytes, result.AB.Reason, result.BA.Bytes, result.BA.Reason, took.Round(time.Millisecond))
	}
}

// direction is one direction of a result for the log.
func direction(d duplex.Direction) slog.Value {
	return slog.GroupValue(slog.Int64("bytes", d.Bytes), slog.String("reason", d.Reason.String()))
}

func (p *reporter) failed(err error) {
	if p.log != nil {
		p.log.Error("failed", "error", record(err))
		return
	}
	fmt.Fprintf(p.w, "duplex: %s\n", reason(err))
}
