package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/relay"
)

// reportFlags say how a command tells what it does.
type reportFlags struct {
	JSON    bool `name:"json" help:"Tell what happens in lines of JSON."`
	Verbose bool `short:"v" help:"Tell of every connection."`
	Quiet   bool `short:"q" help:"Tell nothing but what failed."`
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

func (p *reporter) start() {}
func (p *reporter) stop()  {}

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
		fmt.Fprintf(p.w, "%d: opened %s\n", join.ID, join.Peer)
	}
}

func (p *reporter) ended(join relay.Info, result duplex.Result, took time.Duration, err error) {
	if p.log != nil {
		level, failure := slog.LevelInfo, ""
		if err != nil {
			level, failure = slog.LevelError, err.Error()
		}
		p.log.Log(context.Background(), level, "ended", "id", join.ID, "peer", join.Peer, "took", took.String(),
			"ab", direction(result.AB), "ba", direction(result.BA), "error", failure)
		return
	}
	if err != nil && join.Peer != "" { // the only one is reported at the end
		fmt.Fprintf(p.w, "duplex: connection %d from %s: %v\n", join.ID, join.Peer, err)
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
		p.log.Error("failed", "error", err.Error())
		return
	}
	fmt.Fprintf(p.w, "duplex: %v\n", err)
}
