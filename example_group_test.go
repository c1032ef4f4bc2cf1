package duplex_test

import (
	"fmt"
	"io"

	"github.com/duplex-go/duplex"
)

// A news ticker: everybody gets every line, and who does not keep up misses the
// oldest ones.
func ExampleGroup() {
	news := duplex.Group{Slow: duplex.DropOldest}
	defer news.Close()
	server, client := duplex.Pair()
	news.Add(server)

	fmt.Fprintln(&news, "duplex has groups")

	line := make([]byte, 18)
	io.ReadFull(client, line)
	fmt.Printf("%s", line)
	// Output: duplex has groups
}

func ExampleOutbox() {
	server, client := duplex.Pair()
	out := duplex.OutboxConfig{HighWaterMark: 10, Slow: duplex.DropNewest}.Outbox(server)
	defer out.Close()

	out.Send([]byte("taken")) // never waits, whatever the client does

	p := make([]byte, 5)
	io.ReadFull(client, p)
	fmt.Printf("%s", p)
	// Output: taken
}
