package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/inspect"
)

// logFlags say how a server tells what it does.
type logFlags struct {
	JSON    bool `name:"json" help:"Tell what happens in lines of JSON."`
	Verbose bool `short:"v" help:"Tell of every connection."`
	Quiet   bool `short:"q" help:"Tell nothing but what failed."`
}

// check reports what cannot go together.
func (f logFlags) check() error {
	if f.Quiet && (f.JSON || f.Verbose) {
		return fmt.Errorf("%w: --quiet goes neither with --json nor with --verbose", errUsage)
	}
	return nil
}

// streamLog is an observer that tells of each stream in a line when it opens and
// in another when it is over.
type streamLog struct {
	logFlags
	w       io.Writer
	log     *slog.Logger // set for JSON
	numbers atomic.Int64
	open    sync.Map // of *duplex.Observed: its number
}

func (f logFlags) logger(w io.Writer) *streamLog {
	l := &streamLog{logFlags: f, w: w}
	if f.JSON {
		l.log = slog.New(slog.NewJSONHandler(w, nil))
	}
	return l
}

// observers returns those that there are, or nil.
func observers(log *streamLog, registry *inspect.Registry) duplex.Observer {
	var list duplex.Observers
	if log.tells() {
		list = append(list, log)
	}
	if registry != nil {
		list = append(list, registry)
	}
	if len(list) == 0 {
		return nil
	}
	return list
}

// listening tells that streams can come; more are attributes for JSON.
func (l *streamLog) listening(url string, more ...any) {
	switch {
	case l.log != nil:
		l.log.Info("listening", append([]any{"url", url}, more...)...)
	case !l.Quiet:
		fmt.Fprintf(l.w, "listening on %s\n", url)
	}
}

// failed tells what went wrong, with a connection if remote is not nil.
func (l *streamLog) failed(remote net.Addr, err error) {
	peer := ""
	if remote != nil {
		peer = remote.String()
	}
	switch {
	case l.log != nil:
		l.log.Error("failed", "peer", peer, "error", record(err))
	case remote != nil:
		fmt.Fprintf(l.w, "duplex: connection from %s: %s\n", oneLine(peer), reason(err))
	default:
		fmt.Fprintf(l.w, "duplex: %s\n", reason(err))
	}
}

// Opened tells that o has opened.
func (l *streamLog) Opened(o *duplex.Observed) {
	id := l.numbers.Add(1)
	l.open.Store(o, id)
	l.opened(id, o.A.Addr)
}

// Ended tells nothing: Closed tells of both directions.
func (l *streamLog) Ended(*duplex.Observed, duplex.Way, duplex.Direction) {}

// Closed tells that o is over.
func (l *streamLog) Closed(o *duplex.Observed, err error) {
	number, _ := l.open.LoadAndDelete(o)
	l.ended(number.(int64), o.A.Addr, time.Since(o.Began), o.Flow(duplex.AB), o.Flow(duplex.BA), err)
}

// tells reports whether it has something to say of each stream.
func (l *streamLog) tells() bool { return l.JSON || l.Verbose }

// opened tells that a stream has opened; more are attributes for JSON.
func (l *streamLog) opened(id int64, peer string, more ...any) {
	if l.log != nil {
		l.log.Info("opened", append([]any{"id", id, "peer", peer}, more...)...)
		return
	}
	fmt.Fprintf(l.w, "%d: opened %s\n", id, oneLine(peer))
}

// ended tells that a stream is over: how many bytes went each way, how long it
// took and why it ended.
func (l *streamLog) ended(id int64, peer string, took time.Duration, in, out duplex.Flow, err error) {
	if l.log != nil {
		level := slog.LevelInfo
		if err != nil {
			level = slog.LevelError
		}
		l.log.Log(context.Background(), level, "ended", "id", id, "peer", peer, "took", took.String(),
			"in", flowValue(in), "out", flowValue(out), "error", record(err))
		return
	}
	fmt.Fprintf(l.w, "%d: in %d bytes, %v; out %d bytes, %v; %v\n", id, in.Bytes, in.Reason, out.Bytes, out.Reason, took.Round(time.Millisecond))
}

// flowValue is one direction for the log.
func flowValue(f duplex.Flow) slog.Value {
	return slog.GroupValue(slog.Int64("bytes", f.Bytes), slog.String("reason", f.Reason.String()))
}
