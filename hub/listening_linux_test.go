package hub_test

import (
	"bufio"
	"encoding/hex"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/duplex-go/duplex/hub"
)

// listening returns the addresses that sockets of this process listen on, in
// TCP.
func listening(t *testing.T) (addrs []netip.Addr) {
	t.Helper()
	ours := make(map[string]bool)
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		if name, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && strings.HasPrefix(name, "socket:[") {
			ours[strings.Trim(name, "socket:[]")] = true
		}
	}
	for _, table := range []string{"/proc/self/net/tcp", "/proc/self/net/tcp6"} {
		file, err := os.Open(table)
		if err != nil {
			continue // without IPv6
		}
		for lines := bufio.NewScanner(file); lines.Scan(); {
			f := strings.Fields(lines.Text())
			if len(f) < 10 || f[3] != "0A" || !ours[f[9]] {
				continue
			}
			text, _, _ := strings.Cut(f[1], ":")
			b, err := hex.DecodeString(text)
			if err != nil {
				t.Fatal(err)
			}
			for word := range slices.Chunk(b, 4) { // each as the machine has it
				slices.Reverse(word)
			}
			a, _ := netip.AddrFromSlice(b)
			addrs = append(addrs, a.Unmap())
		}
		_ = file.Close()
	}
	return addrs
}

// Nothing listens beyond this machine unless that is written; port 0 of another
// address shows that this would be seen.
func TestNothingListensBeyondThisMachineUnlessWritten(t *testing.T) {
	for _, c := range []struct {
		config  hub.Config
		sockets int
		beyond  bool
	}{
		{hub.Config{}, 1, false},
		{hub.Config{Addr: ":0"}, 1, false},
		{hub.Config{Addr: "localhost:0"}, 1, false},
		{hub.Config{Addr: ":0", Cluster: ":0"}, 2, false},
		{hub.Config{Routes: []string{"127.0.0.1:1"}}, 2, false},
		{hub.Config{Addr: "127.0.0.2:0", Cluster: "127.0.0.3:0"}, 2, false},
		{hub.Config{User: "ann", Password: "p"}, 1, false},
		{hub.Config{Addr: "0.0.0.0:0"}, 1, true},
		{hub.Config{Cluster: "0.0.0.0:0"}, 2, true},
	} {
		if before := listening(t); len(before) > 0 {
			t.Fatalf("before a hub is started something listens on %v", before)
		}
		h := start(t, c.config)
		addrs := listening(t)
		h.Close()
		beyond := slices.ContainsFunc(addrs, func(a netip.Addr) bool { return !a.IsLoopback() })
		if len(addrs) != c.sockets || beyond != c.beyond {
			t.Errorf("%+v listens on %v", c.config, addrs)
		}
	}
}
