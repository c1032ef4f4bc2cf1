package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/hub"
	"github.com/duplex-go/duplex/inspect"
)

// hubClients shows the clients of a hub, whose connections are the NATS server's
// and no streams of ours: once a second the server is asked for them. One that
// comes and goes in between is not seen.
type hubClients struct {
	hub      *hub.Hub
	registry *inspect.Registry
	shown    map[uint64]*inspect.Tracked
}

// showClients begins that. What it returns ends it.
func showClients(h *hub.Hub, r *inspect.Registry) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		c := &hubClients{h, r, make(map[uint64]*inspect.Tracked)}
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			if err := c.look(); err != nil {
				return // the hub is being closed
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	})
	return func() {
		cancel()
		running.Wait()
	}
}

// look compares what is shown with what there is.
func (c *hubClients) look() error {
	clients, err := c.hub.Clients()
	if err != nil {
		return err
	}
	there := make(map[uint64]bool, len(clients))
	for _, client := range clients {
		there[client.ID] = true
		if c.shown[client.ID] == nil {
			c.shown[client.ID] = c.registry.Track(duplex.ObservedEnd{Name: client.Name, Addr: client.Addr}, client.Began)
		}
		c.set(client)
	}
	return c.gone(there)
}

func (c *hubClients) set(client hub.Client) {
	c.shown[client.ID].Set(inspect.Sample{
		In: client.In, Out: client.Out, Waiting: client.Pending, Mark: c.hub.MostPending(),
		Note: fmt.Sprintf("%d subscriptions", client.Subscriptions),
	})
}

// gone closes what is no more, with why if the server still knows that.
func (c *hubClients) gone(there map[uint64]bool) error {
	if len(c.shown) == len(there) {
		return nil
	}
	gone, err := c.hub.Gone()
	if err != nil {
		return err
	}
	for _, client := range gone {
		if shown := c.shown[client.ID]; shown != nil && !there[client.ID] {
			c.set(client)
			var why error
			if client.Reason != hub.Orderly {
				why = errors.New(client.Reason)
			}
			shown.Close(why)
			delete(c.shown, client.ID)
		}
	}
	for id, shown := range c.shown {
		if !there[id] {
			shown.Close(nil)
			delete(c.shown, id)
		}
	}
	return nil
}
