package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
	"github.com/duplex-go/duplex/relay"
)

// Whatever a peer supplies and reaches the log, one record is one line and says
// nothing to the terminal (R61).
func TestR61_OneRecordIsOneLineWhateverThePeerSays(t *testing.T) {
	a, err := endpoint.Parse("listen:tcp://127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(61, 61))
	nasty := []string{"\n", "\r", "\x1b[31m", "\x1b]0;title\a", "\u2028", "\u0085", "\x9b", "\x00", "\xff", "\u202e", "text", "ümlaut"}
	for range 10_000 {
		var text strings.Builder
		for range 1 + random.IntN(8) {
			text.WriteString(nasty[random.IntN(len(nasty))])
		}
		said := errors.New(text.String())
		info := relay.Info{ID: 1, Peer: "@" + text.String()}
		for _, flags := range []reportFlags{{Verbose: true}, {JSON: true}} {
			var log bytes.Buffer
			p := flags.reporter(&session{log: &log}, &relay.Relay{A: a, B: a})
			records := 3
			if flags.Verbose {
				records = 4 // its failure, and what it was
			}
			p.opened(info)
			p.ended(info, duplex.Result{}, time.Second, said)
			p.failed(said)
			out := log.String()
			if strings.Count(out, "\n") != records {
				t.Fatalf("%q makes %q", text.String(), out)
			}
			for line := range strings.Lines(out) {
				line = strings.TrimSuffix(line, "\n")
				if flags.JSON {
					if !json.Valid([]byte(line)) {
						t.Fatalf("%q makes %q", text.String(), line)
					}
					continue // what is not ASCII is JSON's own matter
				}
				if strings.IndexFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) >= 0 || strings.ToValidUTF8(line, "") != line {
					t.Fatalf("%q makes %q", text.String(), line)
				}
			}
		}
	}
}
