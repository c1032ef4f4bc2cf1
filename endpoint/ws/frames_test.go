package ws

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/coder/websocket"
)

// taken is what came of bytes: the payload, the pings, and why it ended.
type taken struct {
	payload, pings []byte
	ended          bool
	err            error
}

// takeApart has frames take a client's bytes, in pieces of drawn lengths.
func takeApart(raw []byte, piece func() int) (t taken) {
	f := frames{ofClient: true, halves: true, most: 1 << 40, ping: func(p []byte) { t.pings = append(append(t.pings, '|'), p...) }}
	for len(raw) > 0 && t.err == nil {
		b := bytes.Clone(raw[:min(len(raw), piece())])
		raw = raw[len(b):]
		var n int
		n, t.err = f.payload(b)
		t.payload = append(t.payload, b[:n]...)
	}
	t.ended = f.ended
	return t
}

// byTheLibrary has the library take a client's bytes. It keeps what it is sure
// of: the library leaves what it has got of a frame that is cut masked.
func byTheLibrary(t *testing.T, raw []byte) (got taken) {
	h := &hijacked{ResponseRecorder: httptest.NewRecorder(), raw: raw}
	r := httptest.NewRequest("GET", "/", nil)
	for name, value := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="} {
		r.Header.Set(name, value)
	}
	c, err := websocket.Accept(h, r, &websocket.AcceptOptions{OnPingReceived: func(_ context.Context, p []byte) bool {
		got.pings = append(append(got.pings, '|'), p...)
		return false
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	c.SetReadLimit(-1)
	one := make([]byte, 1)
	for {
		_, r, err := c.Reader(context.Background())
		for err == nil {
			if _, err = r.Read(one); err == nil {
				got.payload = append(got.payload, one[0])
			}
		}
		if got.err = err; err != io.EOF {
			return got
		}
	}
}

// hijacked is the connection that the library reads raw from.
type hijacked struct {
	*httptest.ResponseRecorder
	net.Conn
	raw []byte
}

func (h *hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h, bufio.NewReadWriter(bufio.NewReader(h), bufio.NewWriter(h)), nil
}

func (h *hijacked) Read(p []byte) (int, error) {
	if len(h.raw) == 0 {
		return 0, errOut
	}
	n := copy(p, h.raw)
	h.raw = h.raw[n:]
	return n, nil
}

func (h *hijacked) Write(p []byte) (int, error) { return len(p), nil }
func (h *hijacked) Close() error                { return nil }
func (h *hijacked) Header() http.Header         { return h.ResponseRecorder.Header() }

// compare takes raw apart in three ways.
func compare(t *testing.T, raw []byte, seed uint64) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 6455))
	whole := takeApart(raw, func() int { return len(raw) })
	for name, piece := range map[string]func() int{"byte by byte": func() int { return 1 }, "in pieces": func() int { return 1 + r.IntN(40) }} {
		other := takeApart(raw, piece)
		if !bytes.Equal(whole.payload, other.payload) || !bytes.Equal(whole.pings, other.pings) || whole.ended != other.ended || errorText(whole.err) != errorText(other.err) {
			t.Errorf("%q at once is %+v, and %s %+v", raw, whole, name, other)
		}
	}
	library := byTheLibrary(t, raw)
	var status *CloseError
	var broken *violation
	var theirs websocket.CloseError
	switch {
	case errors.As(whole.err, &broken) && broken.text == "a message came after its end":
		return // to the library there is no end
	case errors.As(whole.err, &status):
		if !errors.As(library.err, &theirs) || int(theirs.Code) != status.Code || theirs.Reason != status.Reason {
			t.Errorf("%q is closed with %v, and with %v by the library", raw, whole.err, library.err)
		}
	case whole.err == nil && !isOut(library.err):
		// The library has looked at a length before the key behind it has come.
		if late := append(bytes.Clone(raw), 0, 0, 0, 0); takeApart(late, func() int { return len(late) }).err == nil {
			t.Errorf("%q is good, and %v to the library", raw, library.err)
		}
	case whole.err != nil && (errors.As(library.err, &theirs) || isOut(library.err)):
		if !errors.Is(whole.err, websocket.ErrMessageTooBig) { // to the library nothing is
			t.Errorf("%q is %v, and %v to the library", raw, whole.err, library.err)
		}
		return
	}
	if !bytes.Equal(whole.payload, library.payload) || !bytes.Equal(whole.pings, library.pings) {
		t.Errorf("%q is %q and %q, and to the library %q and %q", raw, whole.payload, whole.pings, library.payload, library.pings)
	}
}

var errOut = errors.New("no more")

func isOut(err error) bool { return errors.Is(err, errOut) }

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// FuzzFramesLikeTheLibrary compares what comes of a client's bytes with what
// coder/websocket makes of them, however they are cut into pieces.
func FuzzFramesLikeTheLibrary(f *testing.F) {
	f.Fuzz(func(t *testing.T, raw []byte, seed uint64) { compare(t, raw, seed) })
}

// TestFramesAreTakenApartAsTheLibraryDoes draws sequences of frames that are good
// for the most part.
func TestFramesAreTakenApartAsTheLibraryDoes(t *testing.T) {
	sequences := 3000
	if !full() {
		sequences = 300
	}
	closed, broken := 0, 0
	for seed := range uint64(sequences) {
		r := rand.New(rand.NewPCG(seed, 1))
		raw := drawFrames(r)
		compare(t, raw, seed)
		switch got := takeApart(raw, func() int { return len(raw) }); {
		case errors.As(got.err, new(*CloseError)):
			closed++
		case got.err != nil:
			broken++
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	if closed < sequences/20 || broken < sequences/20 || closed+broken > sequences*9/10 {
		t.Errorf("of %d sequences %d close and %d break the protocol: the frames are too good or too bad", sequences, closed, broken)
	}
}

// drawFrames returns a client's frames, now and then with a mistake.
func drawFrames(r *rand.Rand) (raw []byte) {
	within := false
	for range r.IntN(12) {
		first, size := byte(last|binaryFrame), r.IntN(300)
		switch r.IntN(8) {
		case 0:
			first, size = last|pingFrame, r.IntN(126)
		case 1:
			first, size = last|pongFrame, r.IntN(126)
		case 2, 3, 4:
			first = byte(1 + r.IntN(2))
			if within {
				first = continuation
			}
			within = r.IntN(2) == 0
			if !within {
				first |= last
			}
			size *= 1 + r.IntN(30)/29*230
		case 5:
			if within {
				first, within = last|continuation, false
			}
		default:
			if within {
				first = continuation
			}
		}
		payload := make([]byte, size)
		for i := range payload {
			payload[i] = byte(r.Uint32())
		}
		if r.IntN(20) == 0 {
			first, payload = last|closeFrame, closePayload(websocket.StatusCode([]int{1000, 1001, 1005, 1011, 3000, 4999, 1004, 1015, 999}[r.IntN(9)]), "why")
		}
		if r.IntN(25) == 0 {
			first ^= 1 << r.IntN(8)
		}
		mark := byte(masked)
		if r.IntN(60) == 0 {
			mark = 0
		}
		raw = append(raw, first)
		switch n := len(payload); {
		case n < 126 && r.IntN(10) > 0:
			raw = append(raw, mark|byte(n))
		case n < 1<<16 && r.IntN(10) > 0:
			raw = binary.BigEndian.AppendUint16(append(raw, mark|126), uint16(n))
		default:
			raw = binary.BigEndian.AppendUint64(append(raw, mark|127), uint64(n))
		}
		if mark != 0 {
			key := r.Uint32()
			raw = binary.LittleEndian.AppendUint32(raw, key)
			mask(payload, payload, key)
		}
		raw = append(raw, payload...)
	}
	if len(raw) > 0 && r.IntN(10) == 0 {
		raw = raw[:r.IntN(len(raw))]
	}
	return raw
}

// TestTheMaskIsThatOfTheRFC compares with its words, byte by byte, at every
// length and place.
func TestTheMaskIsThatOfTheRFC(t *testing.T) {
	src := make([]byte, 200)
	for i := range src {
		src[i] = byte(i * 7)
	}
	key := [4]byte{1, 0x80, 0x33, 0xfe}
	for n := range src {
		want := make([]byte, n)
		for i := range want {
			want[i] = src[i] ^ key[i%4]
		}
		for cut := range min(n+1, 50) {
			got := make([]byte, n)
			rest := mask(got, src[:cut], binary.LittleEndian.Uint32(key[:]))
			mask(got[cut:], src[cut:n], rest)
			if !bytes.Equal(got, want) {
				t.Fatalf("%d bytes, cut at %d: %x, want %x", n, cut, got, want)
			}
		}
	}
}
