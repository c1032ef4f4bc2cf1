package page_test

import (
	"os"
	"testing"

	"github.com/duplex-go/duplex/examples/page"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func ExampleNet() {
	if err := page.Net(os.Stdout); err != nil {
		panic(err)
	}
	// Output:
	// client received data: STARTING CLIENT
	// server writing beat
	// client received data: server beat
	// server writing beat
	// client received data: server beat
	// server writing beat
	// client received data: server beat
	// client received data: ALL DONE
	// client .end() here
	// server socket ended!
}

func ExampleGzip() {
	if err := page.Gzip(os.Stdout); err != nil {
		panic(err)
	}
	// Output:
	// base64Data : H4sIAAAAAAAAEw==
	// base64Data : S1QoLinKzEtXyEgtSk3Myy8B0shCAA8rMZwgAAAA
}
