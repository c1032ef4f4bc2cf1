package hub

import (
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// Client is a connection of a client to a hub.
type Client struct {
	ID            uint64 // no other of this hub's has had it
	Name          string // what the client calls itself; may be empty
	Addr          string
	Began         time.Time
	In, Out       int64 // bytes of messages from it, and to it
	Pending       int   // bytes that wait to go to it
	Subscriptions int
	Reason        string // why it is over; empty while it is not
}

// MostClients is how many clients [Hub.Clients] and [Hub.Gone] return at most.
const MostClients = 1024

// Clients returns those that are connected, the oldest first. They are looked
// for anew each time: not more than about once a second.
func (h *Hub) Clients() ([]Client, error) {
	return h.clients(server.ConnzOptions{Sort: server.ByCid, Limit: MostClients})
}

// Gone returns those that were connected last and are no more.
func (h *Hub) Gone() ([]Client, error) {
	return h.clients(server.ConnzOptions{Sort: server.ByStop, Limit: MostClients, State: server.ConnClosed})
}

func (h *Hub) clients(o server.ConnzOptions) (list []Client, err error) {
	found, err := h.server.Connz(&o)
	if err != nil {
		return nil, fmt.Errorf("hub: clients: %w", err)
	}
	for _, c := range found.Conns {
		list = append(list, Client{
			ID: c.Cid, Name: c.Name, Addr: net.JoinHostPort(c.IP, strconv.Itoa(c.Port)), Began: c.Start,
			In: c.InBytes, Out: c.OutBytes, Pending: c.Pending, Subscriptions: int(c.NumSubs), Reason: c.Reason,
		})
	}
	return list, nil
}

// Orderly is the Reason of a client that has closed its connection itself.
const Orderly = "Client Closed"

// MostPending is how many bytes may wait for a client before it is cut off.
func (h *Hub) MostPending() int { return server.MAX_PENDING_SIZE }
