package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
)

type echoCmd struct {
	URL      string        `arg:"" help:"What to listen on: tcp://host:port (port 0: a free one) or unix:///path."`
	Upper    bool          `help:"Send back upper case."`
	Beat     time.Duration `help:"Also send a text this often; 0 does not." default:"0s" placeholder:"1s"`
	BeatText string        `help:"The text of the beat." default:"server beat"`
	MaxConns int           `help:"Connections at once; more are closed as they come." default:"10000"`
	PerHost  int           `name:"max-per-host" help:"Connections at once from one address; 0 is no limit." default:"0"`
	First    time.Duration `name:"first-byte" help:"How long a connection may take to send its first byte; 0 is no bound." default:"0s"`
	Idle     time.Duration `help:"How long nothing may move on a connection; 0 is no bound." default:"0s"`
	Grace    time.Duration `help:"How long connections may take to end after SIGINT or SIGTERM." default:"5s"`
	logFlags
	inspectFlags
}

// Help is what "duplex echo --help" adds.
func (echoCmd) Help() string {
	return "Prints \"listening on URL\" to standard error when it is ready. At SIGINT or SIGTERM it stops listening, " +
		"ends every connection in order and exits; a second signal ends it at once."
}

func (c echoCmd) Run(s *session) error {
	for flag, d := range map[string]time.Duration{"beat": c.Beat, "first-byte": c.First, "idle": c.Idle} {
		if d < 0 {
			return fmt.Errorf("%w: --%s must not be negative", errUsage, flag)
		}
	}
	if c.PerHost < 0 {
		return fmt.Errorf("%w: --max-per-host must not be negative", errUsage)
	}
	if err := c.logFlags.check(); err != nil {
		return err
	}
	l, err := endpoint.Listen(s, c.URL)
	if err != nil {
		return err
	}
	log := c.logger(s.log)
	registry := c.registry()
	stop, err := c.inspector(s, registry)
	if err != nil {
		_ = l.Close()
		return err
	}
	defer stop()
	log.listening(endpoint.URL(l))
	server := &duplex.Server{
		MaxConns:   c.MaxConns,
		MaxPerHost: c.PerHost,
		FirstByte:  c.First,
		Idle:       c.Idle,
		Handler: duplex.Handler{
			Open: func(conn *duplex.Conn) {
				if c.Beat > 0 {
					conn.Every(c.Beat, func() { _, _ = io.WriteString(conn, c.BeatText) })
				}
			},
			Data: func(conn *duplex.Conn, p []byte) {
				if c.Upper {
					p = bytes.ToUpper(p)
				}
				_, _ = conn.Write(p) // a failed write is the connection's failure
			},
			Shutdown: func(conn *duplex.Conn) { _ = conn.CloseWrite() },
		},
		Failed: func(remote net.Addr, err error) {
			if registry != nil && remote == nil {
				registry.Failed(err)
			}
			log.failed(remote, err)
		},
		Dropped: func(_, remote net.Addr) { log.failed(remote, errTooMany) },
	}
	server.Observer = observers(log, registry)
	return serve(s, server, l, c.Grace)
}

// errTooMany is why a connection was closed as soon as it came.
var errTooMany = errors.New("closed: too many connections already")

// serve serves l until s ends, and then gives the connections grace to end.
func serve(s *session, server *duplex.Server, l net.Listener, grace time.Duration) error {
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	select {
	case err := <-served:
		_ = server.Close()
		return err
	case <-s.Done():
	}
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	_ = server.Shutdown(ctx) // whoever did not end in time has been cut
	if err := <-served; !errors.Is(err, duplex.ErrServerClosed) {
		return err
	}
	return nil
}
