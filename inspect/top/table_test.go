package top_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/duplex-go/duplex/inspect"
	"github.com/duplex-go/duplex/inspect/top"
)

// view is a view of one of each.
func view() inspect.View {
	return inspect.View{
		At:      1_000_000,
		Totals:  inspect.Totals{Live: 2, Rate: 3 << 20, Bytes: 5 << 30, Waiting: 64 << 10, States: map[inspect.State]int{inspect.Stalled: 1, inspect.HalfClosed: 1}},
		Matched: 5,
		Rows: []inspect.Row{
			{ID: 7, Kind: "join", A: inspect.End{Name: "listen:tcp://127.0.0.1:7000,fork", Addr: "127.0.0.1:5555"}, B: inspect.End{Name: "tcp://127.0.0.1:7001"},
				Age: 65_000, State: inspect.Stalled, AB: inspect.Lane{State: "open", For: 65_000, Stalled: 5000, Bytes: 1 << 20, Waiting: 64 << 10},
				BA: inspect.Lane{State: "open", For: 65_000, Rate: 2048}, Layers: []inspect.Layer{{Way: "ba", Transforms: []string{"gunzip"}, In: 100, Out: 250}}},
			{ID: 3, Kind: "stream", A: inspect.End{Addr: "127.0.0.1:6666"}, Age: 3_600_000, State: inspect.HalfClosed,
				AB: inspect.Lane{State: "ended", For: 12_000, Bytes: 5}, BA: inspect.Lane{State: "aborted", For: 1000, Reason: "write failed", Error: "connection reset"}},
		},
		Failures: []inspect.Failure{{At: 940_000, Text: "connection reset", Count: 3}},
	}
}

func TestTheTableShowsBothDirectionsOfEverything(t *testing.T) {
	want := `http://127.0.0.1:1  2 open  1 stalled  1 half-closed  3.0 MiB/s  5.0 GiB  64.0 KiB waiting

ID  STATE            AGE  WAY       RATE    BYTES   WAITING  DIRECTION     FROM
 7  stalled         1:05  a>b      0 B/s  1.0 MiB  64.0 KiB  stalled 0:05  127.0.0.1:5555 (listen:tcp://127.0.0.1:7000,fork)
                          b>a  2.0 KiB/s      0 B       0 B  open 1:05     tcp://127.0.0.1:7001; gunzip x2.50
 3  half-closed  1:00:00  a>b      0 B/s      5 B       0 B  ended 0:12    127.0.0.1:6666
                          b>a      0 B/s      0 B       0 B  aborted 0:01  the program; connection reset
3 more
1:00 ago: connection reset (3 times)`
	if got := strings.Join(top.Table{}.Lines("http://127.0.0.1:1", view()), "\n"); got != want {
		t.Errorf("it is\n%s\nwant\n%s", got, want)
	}
}

func TestTheTableKeepsToItsTerminal(t *testing.T) {
	v := view()
	v.Rows[1].A.Name = strings.Repeat("日本", 100)
	for range 20 {
		v.Rows = append(v.Rows, v.Rows[1])
	}
	v.Matched = len(v.Rows)
	for width := 1; width < 150; width += 7 {
		for height := 1; height < 60; height += 5 {
			lines := top.Table{Width: width, Height: height}.Lines("http://127.0.0.1:1", v)
			if len(lines) > height {
				t.Errorf("%d lines at a height of %d", len(lines), height)
			}
			for _, line := range lines {
				columns := utf8.RuneCountInString(line)
				for _, r := range line {
					if unicode.Is(unicode.Han, r) {
						columns++
					}
				}
				if columns > width {
					t.Errorf("%d columns at a width of %d: %q", columns, width, line)
				}
			}
		}
	}
	if text := strings.Join((top.Table{Width: 80, Height: 10}).Lines("", v), "\n"); !strings.Contains(text, "20 more") || !strings.Contains(text, "DIRECTION     FROM") {
		t.Errorf("80 by 10 is\n%s", text)
	}
}

// Hostile is what a peer could say: script tags, control sequences and what
// breaks lines, drawn by seed.
func hostile(random *rand.Rand) string {
	nasty := []string{"<script>window.pwned=1</script>", `"><img src=x onerror=window.pwned=1>`, "\x1b]0;title\a", "\x1b]52;c;aGk=\x1b\\", "\x1b[2J", "\x1b[31m",
		"\x9b31m", "\u009b31m", "\u0085", "\u2028", "\u202e", "\x00", "\x7f", "\b\b", "\r", "\n", "\t", "\xff", "plain", "日本"}
	var text strings.Builder
	for range 1 + random.IntN(8) {
		text.WriteString(nasty[random.IntN(len(nasty))])
	}
	return text.String()
}

// Whatever a server says of whatever its peers said, the terminal gets text and
// the sequences of the screen, and no others (R58).
func TestR58_TheTerminalGetsNothingOfWhatPeersSay(t *testing.T) {
	random := rand.New(rand.NewPCG(58, 58))
	for i := range 1000 {
		said := hostile(random)
		v := view()
		v.Rows[0].A = inspect.End{Name: said, Addr: said}
		v.Rows[0].State, v.Rows[0].AB.State = inspect.State(said), said
		v.Rows[0].Layers[0].Transforms = []string{said}
		v.Rows[1].BA.Error, v.Rows[1].AB.Reason, v.Rows[1].Kind = said, said, said
		v.Failures[0].Text = said
		text, err := json.Marshal(v) // as it comes from the server
		if err != nil {
			t.Fatal(err)
		}
		v = inspect.View{}
		if err := json.Unmarshal(text, &v); err != nil {
			t.Fatal(err)
		}
		lines := top.Table{}.Lines(said, v)
		if len(lines) != 9 {
			t.Fatalf("%d: %q makes %d lines", i, said, len(lines))
		}
		for _, line := range lines {
			if strings.IndexFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) >= 0 || !utf8.ValidString(line) {
				t.Fatalf("%d: %q makes %q", i, said, line)
			}
		}
		var terminal bytes.Buffer
		screen := top.Screen{W: &terminal, Size: func() (int, int) { return 80, 24 }}
		if err := screen.Show(said, v); err != nil {
			t.Fatal(err)
		}
		screen.Close()
		left := terminal.String()
		for _, own := range []string{"\x1b[?1049h\x1b[?25l\x1b[?7l", "\x1b[?7h\x1b[?25h\x1b[?1049l", "\x1b[H", "\x1b[K", "\x1b[J", "\r\n"} {
			left = strings.ReplaceAll(left, own, "")
		}
		if strings.IndexFunc(left, unicode.IsControl) >= 0 {
			t.Fatalf("%d: %q writes %q", i, said, left)
		}
	}
}

func ExampleTable() {
	v := inspect.View{Rows: []inspect.Row{{ID: 1, Kind: "stream", A: inspect.End{Addr: "192.0.2.1:5000"}, State: inspect.Flowing,
		AB: inspect.Lane{State: "open", Bytes: 5}, BA: inspect.Lane{State: "ended"}}}, Matched: 1}
	for _, line := range (top.Table{Width: 80}).Lines("example", v) {
		fmt.Println(line)
	}
	// Output:
	// example  0 open  0 B/s  0 B
	//
	// ID  STATE     AGE  WAY   RATE  BYTES  WAITING  DIRECTION   FROM
	//  1  flowing  0:00  a>b  0 B/s    5 B      0 B  open 0:00   192.0.2.1:5000
	//                    b>a  0 B/s    0 B      0 B  ended 0:00  the program
}
