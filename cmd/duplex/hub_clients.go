package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/hub"
	"github.com/duplex-go/duplex/inspect"
)

// hubClients shows and tells of the clients of a hub, whose connections are the
// NATS server's and no streams of ours: once a second the server is asked for
// them.
type hubClients struct {
	hub      *hub.Hub
	registry *inspect.Registry // nil: they are not shown
	log      *streamLog
	open     map[uint64]*hubClient
	last     uint64 // the highest number of a client that has been seen
}

// hubClient is one that has been seen, and how it was when it was seen last.
type hubClient struct {
	hub.Client
	shown *inspect.Tracked // nil if they are not shown
}

// watchClients begins that. What it returns ends it.
func watchClients(h *hub.Hub, r *inspect.Registry, log *streamLog) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		c := &hubClients{hub: h, registry: r, log: log, open: make(map[uint64]*hubClient)}
		defer c.closeAll()
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			if err := c.look(); err != nil {
				return // the hub is being closed
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				_ = c.look()
				return
			}
		}
	})
	return func() {
		cancel()
		running.Wait()
	}
}

// look compares what has been told with what there is.
func (c *hubClients) look() error {
	clients, err := c.hub.Clients()
	if err != nil {
		return err
	}
	gone, err := c.hub.Gone()
	if err != nil {
		return err
	}
	before := c.last
	there := make(map[uint64]bool, len(clients))
	for _, client := range clients {
		there[client.ID] = true
		c.see(client)
	}
	for _, client := range gone {
		// One that is not open may have come and gone since the last look.
		if known := c.open[client.ID] != nil; known || client.ID > before {
			c.see(client)
			c.close(client.ID, client.Reason)
			delete(there, client.ID)
		}
	}
	for id := range c.open {
		if !there[id] {
			c.close(id, hub.Orderly)
		}
	}
	return nil
}

// see takes note of how a client is.
func (c *hubClients) see(now hub.Client) {
	client := c.open[now.ID]
	if client == nil {
		client = new(hubClient)
		c.open[now.ID] = client
		c.last = max(c.last, now.ID)
		if c.registry != nil {
			client.shown = c.registry.Track(duplex.ObservedEnd{Name: now.Name, Addr: now.Addr}, now.Began)
		}
		if c.log.tells() {
			c.log.opened(int64(now.ID), now.Addr, "name", now.Name)
		}
	}
	client.Client = now
	if client.shown != nil {
		client.shown.Set(inspect.Sample{
			In: now.In, Out: now.Out, Waiting: now.Pending, Mark: c.hub.MostPending(),
			Note: fmt.Sprintf("%d subscriptions", now.Subscriptions),
		})
	}
}

// close takes note of the end of one, and why.
func (c *hubClients) close(id uint64, reason string) {
	client := c.open[id]
	delete(c.open, id)
	var why error
	in, out := duplex.Flow{Bytes: client.In, Reason: duplex.Ended}, duplex.Flow{Bytes: client.Out, Reason: duplex.Ended}
	if reason != hub.Orderly {
		why = errors.New(reason)
		in.Reason, out.Reason = duplex.ReadFailed, duplex.WriteFailed
	}
	if client.shown != nil {
		client.shown.Close(why)
	}
	if !c.log.tells() {
		return
	}
	if why != nil && !c.log.JSON {
		addr, _ := net.ResolveTCPAddr("tcp", client.Addr) // an address and no name
		c.log.failed(addr, why)
	}
	c.log.ended(int64(id), client.Addr, time.Since(client.Began), in, out, why)
}

// closeAll takes note that those that are left end with the hub.
func (c *hubClients) closeAll() {
	for id := range c.open {
		c.close(id, hub.Orderly)
	}
}
