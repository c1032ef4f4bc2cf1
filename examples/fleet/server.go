package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
	"github.com/duplex-go/duplex/endpoint/nats"
	"github.com/duplex-go/duplex/hub"
)

// Server is one process of the fleet: a NATS server of the cluster, and the
// page's server behind it.
type Server struct {
	Name   string
	Routes []string      // cluster addresses of others
	Beat   time.Duration // how often to send the beat to all; 0 leaves that to another
}

// Run serves until ctx ends. It prints where clients and other servers of the
// fleet connect once they can.
func (s *Server) Run(ctx context.Context, out io.Writer) error {
	h, err := hub.Config{Cluster: "127.0.0.1:0", Routes: s.Routes}.Start(ctx)
	if err != nil {
		return err
	}
	defer h.Close()

	// One group: what is sent to it goes to the members in every process.
	var local duplex.Group
	defer local.Close()
	all, err := nats.NewBroadcast(ctx, h.URL()+"/page.beat", &local)
	if err != nil {
		return err
	}
	defer all.Close()

	server := duplex.Server{Handler: duplex.Handler{
		Open: func(socket *duplex.Conn) {
			fmt.Fprintf(socket, "served by %s\n", s.Name)
			_ = local.Add(socket) // it fails when the server is closed only
		},
		Data: func(socket *duplex.Conn, data []byte) {
			_, _ = socket.Write(bytes.ToUpper(data))
		},
		Close: func(socket *duplex.Conn) { local.Remove(socket) },
	}}
	listener, err := endpoint.Listen(ctx, h.URL()+"/page")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s %s\n", h.URL(), h.ClusterAddr())
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	defer func() {
		_ = server.Close()
		<-served
	}()

	var ticks <-chan time.Time
	if s.Beat > 0 {
		ticker := time.NewTicker(s.Beat)
		defer ticker.Stop()
		ticks = ticker.C
	}
	for {
		select {
		case <-ticks:
			_, _ = all.Write([]byte("server beat\n"))
		case err := <-served:
			served <- err
			return err
		case <-ctx.Done():
			return nil
		}
	}
}
