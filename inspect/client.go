package inspect

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Client looks at a [Server] from another program, as its page does from a
// browser. Its methods may be called concurrently. What it returns has come from
// the server: escape what is shown of it.
type Client struct {
	base  string // http://host:port
	token string
}

// Errors of a Client.
var (
	// ErrToken is that the server does not take the token.
	ErrToken = errors.New("the token is refused")
	// ErrNoServer is that what answers is no Server, or takes us for somebody
	// else's page.
	ErrNoServer = errors.New("no inspector answers there")
)

const (
	// answerTime is how long a server may say nothing: it says something once a
	// second.
	answerTime = 10 * time.Second
	// retryTime is how long a client waits before it tries again.
	retryTime = time.Second
	// longestView is how many bytes a View may have as JSON.
	longestView = 64 << 20
)

// NewClient returns a client for what [Server.URL] returns, with the token in it
// unless token is given.
func NewClient(address, token string) (*Client, error) {
	u, err := url.Parse(address)
	// Not what url.Parse says: that has the whole address in it, and so the token.
	if err != nil || u.Scheme != "http" || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" {
		return nil, errors.New("inspect: the URL must be http://HOST:PORT/?token=TOKEN, as --inspect prints it")
	}
	return &Client{base: "http://" + u.Host, token: cmp.Or(token, u.Query().Get(tokenParam))}, nil
}

// String returns the server's URL, without the token.
func (c *Client) String() string { return c.base }

// View returns what q asks for, once.
func (c *Client) View(ctx context.Context, q Query) (v View, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	err = c.get(ctx, "/streams", q, "application/json", func(body io.Reader) error {
		return json.NewDecoder(io.LimitReader(body, longestView)).Decode(&v)
	})
	return v, err
}

// Follow returns what q asks for, about once a second, until ctx ends. When the
// server is lost it tells why, once each try, and tries again every second; but
// what keeps it from the first View, and a refusal, ErrToken or ErrNoServer, is
// the last that it tells.
func (c *Client) Follow(ctx context.Context, q Query) iter.Seq2[View, error] {
	return func(yield func(View, error) bool) {
		seen, more := false, true
		for {
			err := c.events(ctx, q, func(v View) bool {
				seen, more = true, yield(v, nil)
				return more
			})
			if !more || ctx.Err() != nil || !yield(View{}, err) {
				return
			}
			if !seen || errors.Is(err, ErrToken) || errors.Is(err, ErrNoServer) {
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(retryTime):
			}
		}
	}
}

var errSilent = fmt.Errorf("it has said nothing for %v", answerTime)

// events passes on the Views of one connection until take returns false. It
// returns why there are no more.
func (c *Client) events(ctx context.Context, q Query, take func(View) bool) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silence := time.AfterFunc(answerTime, func() { cancel(errSilent) })
	defer silence.Stop()
	return c.get(ctx, "/events", q, "text/event-stream", func(body io.Reader) error {
		lines := bufio.NewScanner(body)
		lines.Buffer(nil, longestView)
		for lines.Scan() {
			data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data: "))
			if !ok {
				continue
			}
			silence.Reset(answerTime)
			var v View
			if err := json.Unmarshal(data, &v); err != nil {
				return err
			}
			if !take(v) {
				return nil
			}
		}
		return cmp.Or(lines.Err(), io.ErrUnexpectedEOF)
	})
}

// get asks for a path and has read read the answer, if it is of that type.
func (c *Client) get(ctx context.Context, path string, q Query, kind string, read func(io.Reader) error) (err error) {
	defer func() {
		var outer *url.Error // says the whole URL again
		if errors.As(err, &outer) {
			err = outer.Err
		}
		if err != nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			err = fmt.Errorf("inspect: look at %s: %w", c.base, err)
		}
	}()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+path+"?"+q.Values().Encode(), nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	transport := &http.Transport{ // no proxy, which would be told the token
		DialContext:       (&net.Dialer{Timeout: answerTime}).DialContext,
		DisableKeepAlives: true,
	}
	client := http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	mime, _, _ := strings.Cut(answer.Header.Get("Content-Type"), ";")
	switch {
	case answer.StatusCode == http.StatusUnauthorized && c.token == "":
		return fmt.Errorf("%w: there is none in the URL", ErrToken)
	case answer.StatusCode == http.StatusUnauthorized:
		return fmt.Errorf("%w: a server without --inspect-token has another one each time", ErrToken)
	case answer.StatusCode == http.StatusServiceUnavailable:
		return errors.New("too many are looking already")
	case answer.StatusCode != http.StatusOK:
		return fmt.Errorf("%w: %s", ErrNoServer, answer.Status)
	case mime != kind:
		return fmt.Errorf("%w: it answers with %q", ErrNoServer, mime)
	}
	return read(answer.Body)
}
