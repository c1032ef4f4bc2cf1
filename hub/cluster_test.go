package hub_test

import (
	"net"
	"testing"

	"github.com/duplex-go/duplex/hub"
	"github.com/nats-io/nats.go"
)

// cluster starts three hubs, each of which but the first knows the one before.
func cluster(t *testing.T, c hub.Config) (hubs [3]*hub.Hub) {
	t.Helper()
	c.Cluster = "127.0.0.1:0"
	for i := range hubs {
		if i > 0 {
			c.Routes = []string{hubs[i-1].ClusterAddr()}
		}
		hubs[i] = start(t, c)
	}
	eventually(t, "the cluster to be whole", func() bool {
		return hubs[0].Peers() == 2 && hubs[1].Peers() == 2 && hubs[2].Peers() == 2
	})
	return hubs
}

// carries checks that what is said at one hub is heard at another.
func carries(t *testing.T, from, to *hub.Hub, options ...nats.Option) {
	t.Helper()
	heard, c := subscribe(t, client(t, to.URL(), options...), "x"), client(t, from.URL(), options...)
	eventually(t, "a message to come", func() bool { // the other hub hears of a subscription a little later
		_ = c.Publish("x", []byte("hello"))
		_, err := heard.NextMsg(patience / 1000)
		return err == nil
	})
}

func TestThreeHubsAreOneThroughOneRouteEach(t *testing.T) {
	hubs := cluster(t, hub.Config{})
	for i, from := range hubs {
		carries(t, from, hubs[(i+1)%3])
	}
	hubs[1].Close() // through which the third has come
	eventually(t, "the others to know", func() bool { return hubs[0].Peers() == 1 && hubs[2].Peers() == 1 })
	carries(t, hubs[0], hubs[2])
}

func TestARouteMayComeBeforeItsHub(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // a free port
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	first := start(t, hub.Config{Routes: []string{addr}})
	if first.ClusterAddr() == "" {
		t.Error("a hub with routes has no address for other hubs")
	}
	_ = l.Close()
	second := start(t, hub.Config{Cluster: addr})
	eventually(t, "the hubs to meet", func() bool { return first.Peers() == 1 && second.Peers() == 1 })
	carries(t, first, second)
}

func TestHubsOfAnotherClusterAreNotLetIn(t *testing.T) {
	ours := start(t, hub.Config{Cluster: "127.0.0.1:0"})
	other := start(t, hub.Config{ClusterName: "other", Routes: []string{ours.ClusterAddr()}})
	friend := start(t, hub.Config{Routes: []string{ours.ClusterAddr()}})
	eventually(t, "the friend to come", func() bool { return ours.Peers() == 1 && friend.Peers() == 1 })
	if other.Peers() != 0 {
		t.Errorf("the other has %d peers", other.Peers())
	}
}

// Whoever has a route may send and hear everything, so that it takes the login
// of a client.
func TestHubsLogInWithEachOther(t *testing.T) {
	login := hub.Config{User: "ann", Password: "s3/cr@t"}
	hubs := cluster(t, login)
	carries(t, hubs[2], hubs[0], nats.UserInfo("ann", "s3/cr@t"))
	strangers := []*hub.Hub{
		start(t, hub.Config{Routes: []string{hubs[0].ClusterAddr()}}),
		start(t, hub.Config{User: "ann", Password: "guessed", Routes: []string{hubs[0].ClusterAddr()}}),
	}
	login.Routes = []string{hubs[1].ClusterAddr()}
	friend := start(t, login)
	eventually(t, "the friend to come", func() bool { return friend.Peers() == 3 && hubs[0].Peers() == 3 })
	for i, s := range strangers {
		if s.Peers() != 0 {
			t.Errorf("stranger %d has %d peers", i, s.Peers())
		}
	}
}
