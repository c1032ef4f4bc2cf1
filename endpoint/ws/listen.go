package ws

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coder/websocket"
	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
)

// listen takes WebSockets at the path of s. The handshake of each is
// endpoint.Ready's.
func listen(ctx context.Context, s *endpoint.Spec, below string) (net.Listener, error) {
	base, u, err := lower(s, below)
	if err != nil {
		return nil, err
	}
	l, err := base.Scheme.Listen(ctx, base)
	if err != nil {
		return nil, err
	}
	at := (&url.URL{Scheme: s.Scheme.Name, Host: l.Addr().String(), Path: u.Path}).String()
	at = strings.ReplaceAll(at, ",", "%2C") // before one stand options
	return endpoint.Upgrade(l, at, s.Options.Duration("timeout", openTime), func(_ context.Context, c duplex.Stream) (duplex.Stream, error) {
		return accept(c, s, u.Path)
	}), nil
}

// accept reads a request from c and makes a WebSocket of it. Whoever asks for
// something else is told so.
func accept(c duplex.Stream, s *endpoint.Spec, path string) (duplex.Stream, error) {
	w := newWire(c.(net.Conn), false)
	limited := &io.LimitedReader{R: w, N: longestHandshake}
	a := &answer{wire: w, br: bufio.NewReader(limited), header: make(http.Header)}
	r, err := http.ReadRequest(a.br)
	if err != nil {
		err = garbled(err, limited, w)
		if w.failed() == nil {
			a.refuse(c, http.StatusBadRequest, "not a WebSocket request")
		}
		return nil, err
	}
	own := protocols(s)
	if code, err := admit(r, w.LocalAddr(), path, own, s.Options.List("origin")); err != nil {
		a.refuse(c, code, err.Error())
		return nil, err
	}
	options := &websocket.AcceptOptions{
		Subprotocols:    own,
		OriginPatterns:  s.Options.List("origin"),
		CompressionMode: websocket.CompressionDisabled,
	}
	if len(own) == 0 && s.Options.Flag("halfclose", true) {
		options.Subprotocols = []string{Protocol}
	}
	ws, err := websocket.Accept(a, r, options)
	if a.code != http.StatusSwitchingProtocols {
		a.refuse(c, a.code, a.body.String())
	}
	if err != nil {
		return nil, errors.New(strings.TrimPrefix(innermost(err).Error(), "WebSocket protocol violation: "))
	}
	_ = ws.CloseNow() // it has the nothing that Hijack gave it
	first, _ := a.br.Peek(a.br.Buffered())
	return newStream(w, c, ws.Subprotocol(), first, s), nil
}

// admit says what is wrong with a request, apart from what the library looks
// at.
func admit(r *http.Request, local net.Addr, path string, own, origins []string) (int, error) {
	switch {
	case r.Host == "":
		return http.StatusBadRequest, errors.New("the request names no host")
	case r.URL.Path != path:
		return http.StatusNotFound, fmt.Errorf("the request is for %.80q, and there is only %q", r.URL.Path, path)
	}
	if err := admitOrigin(r, local, origins); err != nil {
		return http.StatusForbidden, err
	}
	if len(own) == 0 {
		return 0, nil
	}
	offered := strings.Split(strings.Join(r.Header.Values("Sec-WebSocket-Protocol"), ","), ",")
	for _, o := range offered {
		if slices.ContainsFunc(own, func(p string) bool { return strings.EqualFold(p, strings.TrimSpace(o)) }) {
			return 0, nil
		}
	}
	return http.StatusBadRequest, fmt.Errorf("the request offers none of the subprotocols %s", strings.Join(own, ", "))
}

// answer is the response to the request on a connection. It keeps what would
// be sent in place of a WebSocket until that is known.
type answer struct {
	wire   *wire
	br     *bufio.Reader
	header http.Header
	code   int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(code int) {
	if a.code == 0 {
		a.code = code
	}
}

func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }

// Hijack sends the header, after which the connection is a WebSocket. The
// library does not get it.
func (a *answer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if err := a.head(); err != nil {
		return nil, nil, err
	}
	return nothing{}, bufio.NewReadWriter(bufio.NewReaderSize(nothing{}, 0), bufio.NewWriterSize(nothing{}, 0)), nil
}

func (a *answer) head() error {
	var head bytes.Buffer
	fmt.Fprintf(&head, "HTTP/1.1 %d %s\r\n", a.code, http.StatusText(a.code))
	_ = a.header.Write(&head)
	head.WriteString("\r\n")
	_, err := a.wire.Write(head.Bytes())
	return err
}

// refuse answers with an error, and waits a moment for the peer to take it: what
// is closed with something unread takes back what it has sent.
func (a *answer) refuse(c duplex.Stream, code int, text string) {
	text = strings.TrimSpace(text) + "\n"
	a.code = code
	if a.header.Get("Connection") == "" {
		a.header.Set("Connection", "close")
	}
	a.header.Set("Content-Type", "text/plain; charset=utf-8")
	a.header.Set("Content-Length", fmt.Sprint(len(text)))
	_ = a.wire.SetDeadline(time.Now().Add(closeTime))
	if a.head() != nil {
		return
	}
	if _, err := io.WriteString(a.wire, text); err != nil {
		return
	}
	_ = c.CloseWrite()
	_, _ = io.CopyN(io.Discard, a.wire, longestHandshake)
}
