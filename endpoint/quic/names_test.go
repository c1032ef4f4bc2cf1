package quic_test

import (
	"io"
	"net"
	"strings"
	"testing"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/duplextest"
	"github.com/duplex-go/duplex/endpoint"
	"github.com/duplex-go/duplex/endpoint/internal/endpointtest"
	"github.com/duplex-go/duplex/internal/nametest"
)

// With TCP the system says at once that nobody is at an address. Here nobody
// does, so the next one is tried.
func TestTheAddressOfANameThatAnswersIsFound(t *testing.T) {
	skipRaced(t) // for what it dials early
	duplextest.NoLeaks(t)
	system := net.DefaultResolver
	defer func() { net.DefaultResolver = system }()
	net.DefaultResolver = nametest.Loopbacks()
	cert := endpointtest.Certificate(t)
	for _, options := range []string{"", ",0rtt"} {
		url := endpointtest.Serve(t, "quic://127.0.0.1:0,cert="+cert+options, func(s duplex.Stream) {
			_, _ = io.Copy(struct{ io.Writer }{s}, struct{ io.Reader }{s})
		})
		url = strings.Replace(url, "127.0.0.1", "both.test.", 1) + options + ",servername=127.0.0.1,ca=" + cert
		for range 2 { // the second time, with 0rtt, at the address that has left a session
			s, err := endpoint.Dial(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			if err := ask(s, "hello"); err != nil {
				t.Error(err)
			}
			_ = s.Close()
		}
	}
}
