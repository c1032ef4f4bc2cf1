package proxy_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
	_ "github.com/duplex-go/duplex/endpoint/proxy"
)

const signature = "\r\n\r\n\x00\r\nQUIT\n"

// v2 returns a header of version 2.
func v2(command, family byte, body []byte) []byte {
	h := append([]byte(signature), 0x20|command, family)
	h = binary.BigEndian.AppendUint16(h, uint16(len(body)))
	return append(h, body...)
}

// addresses is what a header of version 2 says of two IPv4 addresses.
func addresses(from, to netip.AddrPort) []byte {
	a, b := from.Addr().As4(), to.Addr().As4()
	p := append(a[:], b[:]...)
	p = binary.BigEndian.AppendUint16(p, from.Port())
	return binary.BigEndian.AppendUint16(p, to.Port())
}

// tlv is a field of no meaning of n bytes.
func tlv(n int) []byte {
	p := binary.BigEndian.AppendUint16([]byte{0xE0}, uint16(n-3))
	return append(p, make([]byte, n-3)...)
}

var (
	client = netip.MustParseAddrPort("192.0.2.7:1234")
	server = netip.MustParseAddrPort("192.0.2.8:443")
)

// attempt is what a peer sends first, and whom it then is to be taken for.
type attempt struct {
	name    string
	header  []byte
	foreign bool   // it comes from an address that may not send headers
	want    string // the client's address; "" refuses it, "own" is the peer's own
}

func attempts() []attempt {
	v1 := fmt.Sprintf("PROXY TCP4 %v %v %d %d\r\n", client.Addr(), server.Addr(), client.Port(), server.Port())
	padded := func(n int) string { return "PROXY TCP4 192.0.2.7 192.0.2.8 1234 443" + strings.Repeat(" ", n) + "\r\n" }
	return []attempt{
		{"v1", []byte(v1), false, client.String()},
		{"v1 of IPv6", []byte("PROXY TCP6 2001:db8::1 2001:db8::2 1234 443\r\n"), false, "[2001:db8::1]:1234"},
		{"v1 of nobody", []byte("PROXY UNKNOWN\r\n"), false, "own"},
		{"v1 of nobody, with more", []byte("PROXY UNKNOWN ffff:: ffff:: 1 2\r\n"), false, "own"},
		{"v2", v2(1, 0x11, addresses(client, server)), false, client.String()},
		{"v2 with fields", v2(1, 0x11, append(addresses(client, server), tlv(3000)...)), false, client.String()},
		{"v2 of the proxy itself", v2(0, 0, nil), false, "own"},
		{"v2 of nobody", v2(1, 0, nil), false, "own"},

		{"v1 from elsewhere", []byte(v1), true, ""},
		{"v2 from elsewhere", v2(1, 0x11, addresses(client, server)), true, ""},
		{"nothing of the kind", []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), false, ""},
		{"zeros", make([]byte, 200), false, ""},
		{"a header behind something", []byte(" " + v1), false, ""},
		{"v1 without an end", []byte("PROXY TCP4 " + strings.Repeat("1", 500)), false, ""},
		{"v1 that is too long", []byte(padded(100)), false, ""},
		{"v1 with a bare newline", []byte(strings.Replace(v1, "\r\n", "\n", 1)), false, ""},
		{"v1 of another family", []byte("PROXY TCP4 2001:db8::1 2001:db8::2 1234 443\r\n"), false, ""},
		{"v1 with a name", []byte("PROXY TCP4 localhost localhost 1234 443\r\n"), false, ""},
		{"v1 with a wrong port", []byte("PROXY TCP4 192.0.2.7 192.0.2.8 66000 443\r\n"), false, ""},
		{"v1 of UDP", []byte("PROXY UDP4 192.0.2.7 192.0.2.8 1234 443\r\n"), false, ""},
		{"v2 that is too long", v2(1, 0x11, append(addresses(client, server), tlv(4100)...)), false, ""},
		{"v2 of 64 KiB", v2(1, 0x11, make([]byte, 65535)), false, ""},
		{"v2 that is too short", v2(1, 0x11, addresses(client, server)[:11]), false, ""},
		{"v2 of an unknown command", v2(5, 0x11, addresses(client, server)), false, ""},
		{"v2 of UDP", v2(1, 0x12, addresses(client, server)), false, ""},
		{"v3", append([]byte(signature+"\x31\x11\x00\x0c"), addresses(client, server)...), false, ""},
		{"v1 that is cut", []byte(v1[:20]), false, ""},
		{"v2 that is cut", v2(1, 0x11, addresses(client, server))[:20], false, ""},
	}
}

// TestR50_OnlyTrustedHeadersAreBelieved sends headers of all sorts, whole and in
// pieces, with another header behind them that is none.
func TestR50_OnlyTrustedHeadersAreBelieved(t *testing.T) {
	tries := 1000
	if os.Getenv("DUPLEX_FULL") != "" {
		tries = 10_000
	}
	l, err := endpoint.Listen(t.Context(), "tcp://127.0.0.1:0,proxy,proxyfrom=127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	type got struct {
		from, data string
		err        error
	}
	results := make(chan got)
	serving := make(chan struct{})
	go func() {
		defer close(serving)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s, err := endpoint.Ready(t.Context(), duplex.FromConn(c))
			if err != nil {
				results <- got{err: err}
				continue
			}
			data, err := io.ReadAll(s)
			results <- got{s.(net.Conn).RemoteAddr().String(), string(data), err}
			_ = s.Close()
		}
	}()
	random := rand.New(rand.NewPCG(5, 0))
	all := attempts()
	follows := append([]byte("PROXY TCP4 6.6.6.6 6.6.6.6 666 666\r\n"), "and data"...)
	for i := range tries {
		a := all[i%len(all)]
		bind := ",bind=127.0.0.1"
		if a.foreign {
			bind = ",bind=127.0.0.2"
		}
		s, err := endpoint.Dial(t.Context(), endpoint.URL(l)+bind)
		if err != nil {
			t.Fatal(err)
		}
		own := s.(net.Conn).LocalAddr().String()
		text := a.header
		if !strings.HasSuffix(a.name, "is cut") {
			text = append(bytes.Clone(text), follows...)
		}
		for len(text) > 0 {
			n := len(text)
			if i/len(all)%2 == 1 {
				n = min(n, 1+random.IntN(40))
			}
			if _, err := s.Write(text[:n]); err != nil {
				break // refused already
			}
			text = text[n:]
		}
		_ = s.CloseWrite()
		if a.foreign {
			if n, err := s.Read(make([]byte, 1)); n > 0 || err == nil {
				t.Fatalf("%s: was let in", a.name)
			}
			_ = s.Close()
			continue
		}
		r := <-results
		_ = s.Close()
		want := a.want
		if want == "own" {
			want = own
		}
		switch {
		case want == "" && r.err == nil:
			t.Fatalf("%s: taken for %s, with %q", a.name, r.from, r.data)
		case want == "" && strings.Contains(r.err.Error(), "\n"):
			t.Errorf("%s: %v", a.name, r.err)
		case want != "" && (r.err != nil || r.from != want || r.data != string(follows)):
			t.Fatalf("%s: taken for %s, want %s, with %q, %v", a.name, r.from, want, r.data, r.err)
		}
	}
	_ = l.Close()
	<-serving
}

func TestTheRangeIsAboutTheClientThatIsNamed(t *testing.T) {
	for address, ok := range map[string]bool{"192.0.2.0/24": true, "127.0.0.0/8": false} {
		l, err := endpoint.Listen(t.Context(), "tcp://127.0.0.1:0,proxy,range="+address)
		if err != nil {
			t.Fatal(err)
		}
		url := endpoint.URL(l)
		dialled := make(chan duplex.Stream, 1)
		go func() {
			s, err := endpoint.Dial(t.Context(), url)
			if err != nil {
				t.Error(err)
				s = nil
			} else {
				_, _ = s.Write(v2(1, 0x11, addresses(client, server)))
			}
			dialled <- s
		}()
		s, err := endpoint.Accept(t.Context(), l)
		if ok != (err == nil) || err != nil && !strings.Contains(err.Error(), "192.0.2.7:1234, which is outside of range") {
			t.Errorf("%s: %v", address, err)
		}
		if s != nil {
			s.Close()
		}
		if d := <-dialled; d != nil {
			d.Close()
		}
	}
}

// named is a stream whose addresses are made up.
type named struct {
	duplex.Stream
	client, server net.Addr
}

func (n named) RemoteAddr() net.Addr { return n.client }
func (n named) LocalAddr() net.Addr  { return n.server }

func TestAHeaderTellsWhoIsJoined(t *testing.T) {
	four, six := net.TCPAddrFromAddrPort(client), &net.TCPAddr{IP: net.ParseIP("2001:db8::1"), Port: 99, Zone: "eth0"}
	for _, test := range []struct {
		version        string
		client, server net.Addr
		want           string
	}{
		{"1", four, net.TCPAddrFromAddrPort(server), "PROXY TCP4 192.0.2.7 192.0.2.8 1234 443\r\n"},
		{"1", six, six, "PROXY TCP6 2001:db8::1 2001:db8::1 99 99\r\n"},
		{"1", nil, nil, "PROXY UNKNOWN\r\n"},
		{"1", &net.UnixAddr{Name: "/x", Net: "unix"}, &net.UnixAddr{Name: "/y", Net: "unix"}, "PROXY UNKNOWN\r\n"},
		{"2", four, net.TCPAddrFromAddrPort(server), string(v2(1, 0x11, addresses(client, server)))},
		{"2", nil, nil, string(v2(0, 0, nil))},
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ctx := t.Context()
		if test.client != nil {
			ctx = endpoint.WithClient(ctx, named{nil, test.client, test.server})
		}
		s, err := endpoint.Dial(ctx, "tcp://"+l.Addr().String()+",proxy="+test.version)
		if err != nil {
			t.Fatal(err)
		}
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(s, "data")
		_ = s.CloseWrite()
		got, err := io.ReadAll(c)
		if err != nil || string(got) != test.want+"data" {
			t.Errorf("version %s, %v: %q, %v", test.version, test.client, got, err)
		}
		for _, c := range []io.Closer{s, c, l} {
			_ = c.Close()
		}
	}
}

func TestASilentProxyHoldsUpNobody(t *testing.T) {
	l, err := endpoint.Listen(t.Context(), "tcp://127.0.0.1:0,proxy")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	silent, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	first, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	s, err := endpoint.Dial(t.Context(), endpoint.URL(l)+",proxy=2")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	second, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if _, err := io.WriteString(s, "hello"); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 5)
	if _, err := io.ReadFull(second, got); err != nil || string(got) != "hello" { // without Ready, too
		t.Errorf("%q, %v", got, err)
	}
	reading := make(chan error, 1)
	go func() {
		_, err := first.Read(make([]byte, 1))
		reading <- err
	}()
	_ = first.SetReadDeadline(time.Unix(1, 0))
	if err := <-reading; err == nil || errors.Is(err, io.EOF) {
		t.Errorf("the silent one: %v", err)
	}
}

func TestProxyOptionsSayWhatIsWrong(t *testing.T) {
	for url, text := range map[string]string{
		"tcp://127.0.0.1:1,proxy":                       `option proxy: "true" is not 1 or 2`,
		"tcp://127.0.0.1:1,proxy=3":                     `option proxy: "3" is not 1 or 2`,
		"listen:tcp://127.0.0.1:1,proxy=1":              "when listening it has no value",
		"listen:tcp://127.0.0.1:1,proxyfrom=10.0.0.0/8": "option proxyfrom is for the option proxy",
		"listen:tcp://127.0.0.1:1,proxy,proxyfrom=me":   `"me" is not an address or CIDR`,
		"tls://127.0.0.1:1,proxy=x":                     `option proxy: "x" is not 1 or 2`,
	} {
		_, err := endpoint.Parse(url)
		if !errors.Is(err, endpoint.ErrUsage) || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v, want %q", url, err, text)
		}
	}
}
