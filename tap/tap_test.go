package tap

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/duplex-go/duplex"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// talk lets a client ask a tapped echo server and returns the answer.
func talk(t *testing.T, question string, taps ...Tap) string {
	t.Helper()
	client, inner := duplex.Pair()
	server := On(inner, taps...)
	served := make(chan error, 1)
	go func() {
		upper := duplex.Map(bytes.ToUpper)
		served <- duplex.Pipeline(context.Background(), duplex.From(server), upper, duplex.To(server))
	}()
	if _, err := io.WriteString(client, question); err != nil {
		t.Fatal(err)
	}
	_ = client.CloseWrite()
	answer, err := io.ReadAll(client)
	if err = errors.Join(err, <-served, client.Close(), server.Close()); err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

func TestTeeCopiesOneDirection(t *testing.T) {
	for d, want := range []string{Out: "hello", Back: "HELLO"} {
		var b bytes.Buffer
		if got := talk(t, "hello", Tee(Direction(d), &b)); got != "HELLO" {
			t.Errorf("the tapped stream carried %q", got)
		}
		if b.String() != want {
			t.Errorf("direction %d: copied %q, want %q", d, b.String(), want)
		}
	}
}

func TestAFailingTapFailsTheStream(t *testing.T) {
	full := errors.New("disk full")
	a, b := duplex.Pair()
	defer a.Close()
	s := On(b, Tee(Out, writerFunc(func([]byte) (int, error) { return 0, full })))
	defer s.Close()
	if _, err := io.WriteString(a, "x"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(make([]byte, 8)); !errors.Is(err, full) {
		t.Errorf("read: %v", err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestDumpShowsDirectionsOffsetsAndBytes(t *testing.T) {
	at := time.Date(2026, 11, 24, 10, 0, 0, 5000, time.UTC)
	for _, test := range []struct {
		format Format
		want   string
	}{
		{Hex, `> 2026-11-24T10:00:00.000005Z length=18 from=0 to=17
  00000000  61 20 6c 69 6e 65 0a 1b  5b 33 31 6d c3 a4 20 61  |a line..[31m.. a|
  00000010  6e 64                                             |nd|
< 2026-11-24T10:00:00.000005Z length=1 from=0 to=0
  00000000  ff                                                |.|
> 2026-11-24T10:00:00.000005Z end at=18
< 2026-11-24T10:00:00.000005Z "broken \x1b pipe" at=1
`},
		{Text, `> 2026-11-24T10:00:00.000005Z length=18 from=0 to=17
  a line\n
  \x1b[31mä and
< 2026-11-24T10:00:00.000005Z length=1 from=0 to=0
  \xff
> 2026-11-24T10:00:00.000005Z end at=18
< 2026-11-24T10:00:00.000005Z "broken \x1b pipe" at=1
`},
	} {
		var b bytes.Buffer
		d := Dump(&b, test.format).(*dump)
		d.now = func() time.Time { return at }
		for _, err := range []error{
			d.Passed(Out, []byte("a line\n\x1b[31mä and")),
			d.Passed(Back, []byte{0xff}),
			d.Ended(Out, nil),
			d.Ended(Back, errors.New("broken \x1b pipe")),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		if b.String() != test.want {
			t.Errorf("got:\n%s\nwant:\n%s", b.String(), test.want)
		}
	}
}

func TestARecordingIsPlayedAtItsTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var file bytes.Buffer
		tap, err := Record(&file, "a", "b")
		if err != nil {
			t.Fatal(err)
		}
		client, inner := duplex.Pair()
		server := On(inner, tap)
		go func() {
			_, _ = io.WriteString(client, "first")
			time.Sleep(3 * time.Second)
			_, _ = io.WriteString(client, "second")
			_ = client.CloseWrite()
		}()
		if err := duplex.Pipeline(t.Context(), duplex.From(server), duplex.To(server)); err != nil {
			t.Fatal(err)
		}
		_, _ = client.Close(), server.Close()

		for _, test := range []struct {
			speed float64
			takes time.Duration
		}{{0, 3 * time.Second}, {3, time.Second}, {-1, 0}} {
			p, err := NewPlayer(bytes.NewReader(file.Bytes()))
			if err != nil || p.Head.A != "a" || p.Head.B != "b" {
				t.Fatalf("head %+v, %v", p.Head, err)
			}
			began := time.Now()
			var got bytes.Buffer
			r := Replay{Speed: test.speed, Check: true, Received: &got}
			if err := r.Play(t.Context(), p, duplex.Transform{}.Stream()); err != nil {
				t.Errorf("speed %v: %v", test.speed, err)
			}
			if took := time.Since(began); took != test.takes || got.String() != "firstsecond" {
				t.Errorf("speed %v: %q after %v, want %v", test.speed, &got, took, test.takes)
			}
		}
	})
}

func TestReplayTellsTheFirstDifference(t *testing.T) {
	var file bytes.Buffer
	tap, err := Record(&file, "", "")
	if err != nil {
		t.Fatal(err)
	}
	talk(t, "what is it", tap) // the recorded answer is in upper case
	for _, test := range []struct {
		name   string
		answer duplex.Transform
		want   string
	}{
		{"the same", duplex.Map(bytes.ToUpper), ""},
		{"another letter", duplex.Map(func(p []byte) []byte { return bytes.ReplaceAll(bytes.ToUpper(p), []byte("S"), []byte("Z")) }), "at byte 6: 0x5a instead of 0x53"},
		{"too short", duplex.Map(func(p []byte) []byte { return bytes.ToUpper(p[:4]) }), "ends after 4 bytes, 6 too few"},
		{"too long", duplex.Map(func(p []byte) []byte { return append(bytes.ToUpper(p), '!') }), "goes on after 10 bytes"},
	} {
		p, err := NewPlayer(bytes.NewReader(file.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		err = Replay{Speed: -1, Check: true}.Play(t.Context(), p, test.answer.Stream())
		if test.want == "" && err != nil || test.want != "" && (!errors.Is(err, ErrDiffers) || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
}

func TestReplayStopsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const recording = `{"duplex":"recording","version":1}
{"us":3600000000,"dir":"out","data":"eA=="}
`
		p, err := NewPlayer(strings.NewReader(recording))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errors.New("enough"))
		defer cancel()
		if err := (Replay{}).Play(ctx, p, duplex.Transform{}.Stream()); err == nil || err.Error() != "enough" {
			t.Errorf("got %v", err)
		}
	})
}

func TestADamagedRecordingIsAnError(t *testing.T) {
	const head = `{"duplex":"recording","version":1}` + "\n"
	for _, text := range []string{
		"", "\n", "{}", `{"duplex":"recording","version":2}`,
		head + "nonsense", head + `{"us":1,"dir":"up"}`, head + `{"us":1,"dir":"out","data":"*"}`,
		head + `{"us":2,"dir":"out"}` + "\n" + `{"us":1,"dir":"out"}`,
		head + strings.Repeat("x", maxLine+1),
	} {
		if err := playAll(text); !errors.Is(err, ErrRecording) {
			t.Errorf("%.40q: %v", text, err)
		}
	}
}

// playAll reads a recording to its end.
func playAll(text string) error {
	p, err := NewPlayer(strings.NewReader(text))
	for err == nil {
		_, err = p.Next()
	}
	if err == io.EOF {
		return nil
	}
	return err
}

func FuzzPlayer(f *testing.F) {
	const head = `{"duplex":"recording","version":1}` + "\n"
	for _, seed := range []string{
		"", head, head + `{"us":1,"dir":"out","data":"eA=="}`, head + `{"us":1,"dir":"back","end":true}`,
		head + `{"us":-1,"dir":"out","error":"x"}`, `{"duplex":1}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if err := playAll(text); err != nil && !errors.Is(err, ErrRecording) {
			t.Errorf("%v", err)
		}
	})
}

func ExampleDump() {
	client, inner := duplex.Pair()
	server := On(inner, Dump(os.Stdout, Text).(*dump).at(time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)))
	_, _ = io.WriteString(client, "hello\n")
	_, _ = io.ReadFull(server, make([]byte, 6))
	_, _ = io.WriteString(server, "who is there?\n")
	fmt.Println(client.Close(), server.Close())
	// Output:
	// > 2026-11-24T10:00:00.000000Z length=6 from=0 to=5
	//   hello\n
	// < 2026-11-24T10:00:00.000000Z length=14 from=0 to=13
	//   who is there?\n
	// <nil> <nil>
}

// at fixes the dump's clock, for an example whose output does not change.
func (d *dump) at(t time.Time) Tap {
	d.now = func() time.Time { return t }
	return d
}
