package compress_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/duplex-go/duplex"
)

// endless gives n bytes.
func endless(n int64) io.Reader { return io.LimitReader(zeros{}, n) }

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// stuffed is a sink that fails after n bytes.
type stuffed struct{ n int }

var errStuffed = errors.New("the sink has had enough")

func (s *stuffed) Write(p []byte) (int, error) {
	if s.n -= len(p); s.n < 0 {
		return 0, errStuffed
	}
	return len(p), nil
}

func TestF11_ASinkThatFailsMidwayFreesTheCodec(t *testing.T) {
	eachFormat(t, func(t *testing.T, f format) {
		size := int64(2 << 20)
		if full || f.name == "gzip" && !race {
			size = 20 << 20
		}
		sink := &stuffed{100}
		err := duplex.Pipeline(t.Context(), duplex.From(endless(size)), f.encode, f.decode(guard{}), f.encode, duplex.To(sink))
		if stage := (*duplex.StageError)(nil); !errors.As(err, &stage) || !errors.Is(err, errStuffed) {
			t.Errorf("%v", err)
		}
	})
}

func TestF11_CloseWithinTheDataCallback(t *testing.T) {
	eachFormat(t, func(t *testing.T, f format) {
		gone := make(chan struct{})
		calls := 0
		s := duplex.Handle(f.encode.Stream(), duplex.Handler{
			Data: func(c *duplex.Conn, _ []byte) {
				calls++
				_ = c.Close()
			},
			Close: func(*duplex.Conn) { close(gone) },
		})
		_, err := io.CopyN(s, endless(20<<20), 20<<20)
		if err == nil {
			err = s.CloseWrite() // level 0 and the like may have been fast enough
		}
		if err != nil && !errors.Is(err, net.ErrClosed) {
			t.Errorf("the writer got %v", err)
		}
		<-gone
		if calls != 1 {
			t.Errorf("%d calls of Data after a close in the first", calls)
		}
		if _, err := s.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
			t.Errorf("a later write got %v", err)
		}
	})
}

func TestF11_CloseTwiceAndWithWorkInFlight(t *testing.T) {
	eachFormat(t, func(t *testing.T, f format) {
		s := f.encode.Stream()
		wrote := make(chan error, 1)
		go func() {
			_, err := s.Write(noise(3 << 20)) // waits, since nobody reads
			wrote <- err
		}()
		_, _ = s.Read(make([]byte, 1))
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("again: %v", err)
		}
		if err := <-wrote; !errors.Is(err, net.ErrClosed) {
			t.Errorf("the write under way got %v", err)
		}
	})
}

// listen returns a listener and its address.
func listen(t *testing.T) (net.Listener, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l, l.Addr().String()
}

// recode is the server of F12: what comes in is decoded, encoded again and sent
// back.
func recode(ctx context.Context, s duplex.Stream, f format) error {
	return duplex.Pipeline(ctx, duplex.From(s), f.decode(guard{}), f.encode, duplex.To(s))
}

// converse is the client: it sends p through the encoder, ends, and reads what
// comes back through the decoder.
func converse(ctx context.Context, addr string, p []byte, f format) ([]byte, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	s := c.(*net.TCPConn)
	defer s.Close()
	sent := make(chan error, 1)
	go func() {
		sent <- duplex.Pipeline(ctx, duplex.From(bytes.NewReader(p)), f.encode, duplex.To(s))
	}()
	var back bytes.Buffer
	err = duplex.Pipeline(ctx, duplex.From(s), f.decode(guard{}), duplex.Sink{Writer: &back, KeepOpen: true})
	return back.Bytes(), errors.Join(err, <-sent)
}

func TestF12_WhatIsSentComesBackRecoded(t *testing.T) {
	eachFormat(t, func(t *testing.T, f format) {
		l, addr := listen(t)
		served := make(chan error, 1)
		go func() {
			c, err := l.Accept()
			if err != nil {
				served <- err
				return
			}
			served <- errors.Join(recode(t.Context(), c.(*net.TCPConn), f), c.Close(), l.Close())
		}()
		p := append(text(messages(200_000)), noise(messages(100_000))...)
		back, err := converse(t.Context(), addr, p, f)
		if err != nil || !bytes.Equal(back, p) {
			t.Errorf("client: %d bytes of %d, %v", len(back), len(p), err)
		}
		if err := <-served; err != nil {
			t.Errorf("server: %v", err)
		}
	})
}

// nodeCodecs are Node's names for what F12 talks with it.
var nodeCodecs = map[string][2]string{
	"gzip": {"createGzip", "createGunzip"}, "deflate": {"createDeflate", "createInflate"}, "br": {"createBrotliCompress", "createBrotliDecompress"},
}

func TestF12_WithNodeAsTheServer(t *testing.T) {
	for name, js := range nodeCodecs {
		t.Run(name, func(t *testing.T) {
			peer := startNode(t, fmt.Sprintf(`
				const {pipeline} = require('stream');
				const s = net.createServer({allowHalfOpen: true}, c => {
					pipeline(c, zlib.%s(), zlib.%s(), c, e => { s.close(); if (e) throw e; });
				}).listen(0, '127.0.0.1', () => console.log(s.address().port));
			`, js[1], js[0]))
			port, err := peer.stdout.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			p := append(text(messages(200_000)), noise(messages(100_000))...)
			back, err := converse(t.Context(), "127.0.0.1:"+strings.TrimSpace(port), p, formatNamed(t, name))
			if err != nil || !bytes.Equal(back, p) {
				t.Errorf("%d bytes of %d, %v", len(back), len(p), err)
			}
		})
	}
}

func TestF12_WithNodeAsTheClient(t *testing.T) {
	for name, js := range nodeCodecs {
		t.Run(name, func(t *testing.T) {
			l, addr := listen(t)
			peer := startNode(t, fmt.Sprintf(`
				const {pipeline} = require('stream');
				const p = require('crypto').randomBytes(100000).toString('hex') + 'x'.repeat(100000);
				const c = net.connect({port: %s, host: '127.0.0.1', allowHalfOpen: true});
				const fail = e => { if (e) throw e; };
				const z = zlib.%s();
				pipeline(z, c, fail);
				z.end(p);
				const back = zlib.%s();
				let got = '';
				back.on('data', d => { got += d; });
				pipeline(c, back, e => { fail(e); console.log(got === p ? 'same' : 'different: ' + got.length); });
			`, addr[strings.LastIndexByte(addr, ':')+1:], js[0], js[1]))
			c, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(recode(t.Context(), c.(*net.TCPConn), formatNamed(t, name)), c.Close(), l.Close()); err != nil {
				t.Errorf("server: %v", err)
			}
			if said, err := peer.stdout.ReadString('\n'); said != "same\n" || err != nil {
				t.Errorf("Node: %q, %v", said, err)
			}
		})
	}
}
