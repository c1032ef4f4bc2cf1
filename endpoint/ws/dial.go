package ws

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"time"

	"github.com/coder/websocket"
	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
)

// longestHandshake is how many bytes a peer's side of the handshake may have.
const longestHandshake = 64 << 10

// dial connects to s and performs the handshake.
func dial(ctx context.Context, s *endpoint.Spec, below string) (duplex.Stream, error) {
	base, u, err := lower(s, below)
	if err != nil {
		return nil, err
	}
	c, err := base.Scheme.Dial(ctx, base)
	if err != nil {
		return nil, err
	}
	w := newWire(c.(net.Conn), true)
	stop := context.AfterFunc(ctx, func() { _ = w.SetDeadline(longAgo) })
	protocol, first, err := request(ctx, s, u, w)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		_ = c.Close()
		return nil, err
	}
	return newStream(w, c, protocol, first, s), nil
}

// longAgo is a deadline that has passed.
var longAgo = time.Unix(1, 0)

// request asks the peer at the other end of w for a WebSocket. It returns the
// subprotocol, and what came behind the peer's side of the handshake.
func request(ctx context.Context, s *endpoint.Spec, u *url.URL, w *wire) (protocol string, first []byte, err error) {
	own := protocols(s)
	options := &websocket.DialOptions{
		Subprotocols:    own,
		HTTPHeader:      make(http.Header),
		CompressionMode: websocket.CompressionDisabled,
	}
	if s.Options.Flag("halfclose", true) {
		options.Subprotocols = append(options.Subprotocols, Protocol)
	}
	for _, line := range s.Options.List("header") {
		name, value, _ := strings.Cut(line, ":")
		if value = strings.TrimSpace(value); textproto.CanonicalMIMEHeaderKey(name) == "Host" {
			options.Host = value
		} else {
			options.HTTPHeader.Add(name, value)
		}
	}
	exchange := &exchange{wire: w}
	options.HTTPClient = &http.Client{
		Transport:     exchange,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	c, response, err := websocket.Dial(ctx, u.String(), options)
	switch {
	case exchange.err != nil:
		return "", nil, exchange.err
	case response != nil && response.StatusCode != http.StatusSwitchingProtocols:
		return "", nil, refusal(response)
	case err != nil:
		return "", nil, innermost(err)
	}
	_ = c.CloseNow() // it has the nothing that exchange gave it
	if protocol = c.Subprotocol(); len(own) > 0 && protocol == "" {
		_ = w.send(closeFrame, closePayload(websocket.StatusPolicyViolation, "no subprotocol"))
		return "", nil, fmt.Errorf("the server speaks none of the subprotocols %s", strings.Join(own, ", "))
	}
	return protocol, exchange.first, nil
}

// refusal says what a server answered in place of a WebSocket.
func refusal(r *http.Response) error {
	text := fmt.Sprintf("the server answered %d %s", r.StatusCode, http.StatusText(r.StatusCode))
	body, _ := io.ReadAll(io.LimitReader(r.Body, 100))
	if line, _, _ := strings.Cut(strings.TrimSpace(string(body)), "\n"); line != "" {
		text += fmt.Sprintf(" (%q)", line)
	}
	return errors.New(text + " in place of a WebSocket")
}

// innermost returns what an error wraps that says each of its layers.
func innermost(err error) error {
	for {
		below := errors.Unwrap(err)
		if below == nil {
			return err
		}
		err = below
	}
}

// exchange performs an HTTP request on a connection that is there already, and
// leaves nothing running, nor follows anybody elsewhere.
type exchange struct {
	wire  *wire
	first []byte // what came together with the header
	err   error
}

func (e *exchange) RoundTrip(r *http.Request) (*http.Response, error) {
	var response *http.Response
	response, e.err = e.talk(r)
	return response, e.err
}

func (e *exchange) talk(r *http.Request) (*http.Response, error) {
	if err := r.Write(e.wire); err != nil {
		return nil, err
	}
	limited := &io.LimitedReader{R: e.wire, N: longestHandshake}
	br := bufio.NewReader(limited)
	response, err := http.ReadResponse(br, r)
	if err != nil {
		return nil, garbled(err, limited, e.wire)
	}
	if response.StatusCode == http.StatusSwitchingProtocols {
		e.first, _ = br.Peek(br.Buffered())
		response.Body = nothing{}
	}
	return response, nil
}

// garbled says what was wrong with the peer's side of a handshake.
func garbled(err error, limited *io.LimitedReader, w *wire) error {
	switch below := w.failed(); {
	case limited.N == 0:
		return fmt.Errorf("the peer's header has more than %d bytes", longestHandshake)
	case errors.Is(below, io.EOF), errors.Is(below, io.ErrUnexpectedEOF):
		return fmt.Errorf("the peer hung up during the WebSocket handshake: %w", io.ErrUnexpectedEOF)
	case below != nil:
		return fmt.Errorf("during the WebSocket handshake: %w", below)
	}
	return fmt.Errorf("the peer does not speak HTTP: %w", &hidden{"malformed header", err})
}

// hidden is an error whose own text is the peer's, and not to be shown.
type hidden struct {
	text string
	err  error
}

func (h *hidden) Error() string { return h.text }
func (h *hidden) Unwrap() error { return h.err }
