package main

import (
	"context"
	"fmt"
	"sync"

	"github.com/duplex-go/duplex/inspect"
)

// inspectFlags are those of commands whose streams can be looked at.
type inspectFlags struct {
	Inspect      string `help:"Show what flows on this port, as a page, JSON, events and metrics. Without a host it is reached from this machine only. The URL to open is printed on standard error." placeholder:"[HOST]:PORT"`
	InspectToken string `help:"Take the token that whoever looks needs from this file, which is made if there is none; otherwise it is another one each time." placeholder:"FILE"`
}

// inspector begins to show r, if that is wanted. What it returns ends that.
func (f inspectFlags) inspector(s *session, r *inspect.Registry) (stop func(), err error) {
	if f.Inspect == "" {
		if f.InspectToken != "" {
			return nil, fmt.Errorf("%w: --inspect-token is for --inspect", errUsage)
		}
		return func() {}, nil
	}
	server := &inspect.Server{Registry: r}
	if f.InspectToken != "" {
		if server.Token, err = inspect.TokenFile(f.InspectToken); err != nil {
			return nil, err
		}
	}
	l, err := inspect.Listen(f.Inspect)
	if err != nil {
		return nil, err
	}
	if !inspect.IsLocal(l) {
		fmt.Fprintf(s.log, "duplex: warning: --inspect %s: others reach it too, and its token passes unencrypted\n", f.Inspect)
	}
	fmt.Fprintf(s.log, "inspect on %s\n", server.URL(l))
	ctx, cancel := context.WithCancel(context.Background()) // it still shows how things end after a signal
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := server.Serve(ctx, l); err != nil {
			fmt.Fprintf(s.log, "duplex: %s\n", reason(err))
		}
	})
	return func() {
		cancel()
		serving.Wait()
	}, nil
}

// registry returns what is to be shown, or nil if nothing is.
func (f inspectFlags) registry() *inspect.Registry {
	if f.Inspect == "" {
		return nil
	}
	return new(inspect.Registry)
}
