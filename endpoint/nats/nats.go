// Package nats adds the endpoint nats://server/subject to package endpoint: a
// stream over the subjects of a NATS server or cluster.
//
// A listener takes streams on a subject, on any number of machines at once: a
// dialler reaches one of them, wherever it runs, and neither side needs an
// inbound port. NATS itself drops what a slow reader does not take; here package
// flow gives every direction credit, so that a slow reader stops its writer and
// is never cut off by the server, and finds what is lost all the same.
//
// Opening a stream takes one message each way. The dialler publishes
//
//	duplex1 + frames
//
// to the subject, with a subject of its own to be answered at; one listener of
// the queue group answers with frames, and the subject that it is reached at. One
// that has just been closed refuses with "the listener has been closed", and the
// dialler asks again; so it does, for another stream, when no answer has come
// after a second, then after two, and so on: the machine that the server has sent
// its question to may have vanished.
//
// From then on each message is frames of package flow, and names in its reply
// field where its sender is reached: so the server itself answers, "no
// responders", once that peer is gone.
package nats

import (
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/duplex-go/duplex/endpoint"
	"github.com/duplex-go/duplex/flow"
)

// The defaults of the options.
const (
	openTime     = 10 * time.Second
	pingTime     = 10 * time.Second
	backlog      = 128
	defaultQueue = "duplex"
	defaultInbox = "_INBOX"
	defaultPort  = "4222"
)

func init() {
	endpoint.Register(endpoint.Scheme{
		Name:    "nats",
		Form:    "nats://server/subject",
		Summary: "a stream over a NATS server or cluster; whoever listens on the subject, on any machine, takes some of the streams. nats://embedded/subject brings a server along",
		Ends:    "an end is a message, and the other direction goes on; a peer, server or message that is lost is an error, never an end; an abort is a message with the cause",
		Options: slices.Concat(ownOptions, clientTLS(), endpoint.OptionsOf("tls", "timeout", "retry", "fork", "max"), endpoint.SilenceOptions()),
		Check:   check,
		Dial:    dial,
		Listen:  listen,
	})
}

var ownOptions = []endpoint.Option{
	{Name: "server", Kind: endpoint.List, Use: endpoint.Always, Help: "another server of the cluster, host:port, to be tried like the first; none"},
	{Name: "queue", Kind: endpoint.Text, Use: endpoint.ListenOnly, Help: "the queue group: of all that listen on the subject in one group, one takes each stream; duplex"},
	{Name: "backlog", Kind: endpoint.Count, Use: endpoint.ListenOnly, Help: "how many streams may wait to be accepted; more are refused; 128"},
	{Name: "tls", Kind: endpoint.Flag, Use: endpoint.Always, Help: "talk to the server by TLS only; false, which talks TLS if the server asks for it"},
	{Name: "creds", Kind: endpoint.Text, Use: endpoint.Always, Help: "a file with NATS credentials, a JWT and its key, to log in with; none"},
	{Name: "nkey", Kind: endpoint.Text, Use: endpoint.Always, Help: "a file with the seed of an NKey to log in with; none"},
	{Name: "inbox", Kind: endpoint.Text, Use: endpoint.Always, Help: "what the subjects begin with that streams are reached at, the same on both sides: this is what must be allowed beside the subject; _INBOX"},
	{Name: "window", Kind: endpoint.Bytes, Use: endpoint.Always, Help: "how much the peer may send ahead of what is read; 256k, and up to 2M for a reader that keeps up"},
	{Name: "ping", Kind: endpoint.Duration, Use: endpoint.Always, Help: "how often to ask whether the peer is there; one from which nothing came twice as long is gone. A peer that the server has lost is found by it at once. 10s, 0 never asks"},
}

// clientTLS returns the options of a client of TLS, which a listener is here as
// well.
func clientTLS() []endpoint.Option {
	options := endpoint.OptionsOf("tls", "ca", "servername", "insecure", "cert", "key")
	for i := range options {
		options[i].Use = endpoint.Always
	}
	return options
}

// address is what stands behind "nats:".
type address struct {
	user     string // or a token, if there is no password
	password string
	secret   bool   // there is a user or token
	named    bool   // there is a password
	host     string // host:port, or "embedded"
	subject  string
}

const embeddedHost = "embedded"

// target reads the address of s.
func target(s *endpoint.Spec) (a address, err error) {
	rest, ok := strings.CutPrefix(s.Target, "//")
	// A password may hold a slash, which was written %2F; a host holds none.
	if at := strings.LastIndexByte(rest, '@'); at >= 0 && strings.Contains(rest[at:], "/") {
		a.user, a.password, a.named = strings.Cut(rest[:at], ":")
		a.secret = true
		rest = rest[at+1:]
	}
	authority, subject, slash := strings.Cut(rest, "/")
	if !ok || !slash {
		return a, endpoint.Usagef("want %s and nothing else", s.Scheme.Form)
	}
	if a.host, err = hostPort(authority); err != nil {
		return a, err
	}
	if a.host == embeddedHost && a.secret {
		return a, endpoint.Usagef("the embedded server knows no users")
	}
	a.subject = subject
	return a, checkSubject("the subject", subject)
}

// hostPort returns a server's address with its port; this machine is meant if
// the host is missing.
func hostPort(text string) (string, error) {
	if text == embeddedHost {
		return text, nil
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		host, port = strings.Trim(text, "[]"), defaultPort
	}
	if host == "" {
		host = "127.0.0.1"
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil || strings.ContainsAny(host, " /@?#") {
		return "", endpoint.Usagef("the server must be host or host:port")
	}
	return net.JoinHostPort(host, port), nil
}

// checkSubject says what is wrong with a subject to publish to.
func checkSubject(what, subject string) error {
	for token := range strings.SplitSeq(subject, ".") {
		if token == "" || strings.ContainsAny(token, " \t\r\n*>/\x00") {
			return endpoint.Usagef("%s %q is none: words with dots between them, and without spaces, * and >", what, subject)
		}
	}
	return nil
}

// check reports what is wrong with s in itself.
func check(s *endpoint.Spec) error {
	if _, err := target(s); err != nil {
		return err
	}
	for _, server := range s.Options.List("server") {
		if host, err := hostPort(server); err != nil || host == embeddedHost {
			return endpoint.Usagef("option server: %q is not host:port", server)
		}
	}
	for _, option := range []string{"queue", "inbox"} {
		if s.Options.Has(option) {
			if err := checkSubject("option "+option+":", s.Options.Text(option)); err != nil {
				return err
			}
		}
	}
	if s.Options.Has("creds") && s.Options.Has("nkey") {
		return endpoint.Usagef("options creds and nkey exclude each other")
	}
	client := *s
	client.Listens = false // to the server we are a client, also where we listen
	return client.CheckTLS()
}

// largestWindow is what the window of a stream grows to whose reader keeps up: what
// flows through a server and back in a millisecond at two gigabytes a second.
const largestWindow = 2 << 20

// largestMessage is the largest message of a stream that is not a RESET. The library
// copies each to memory of its own; up to 32 KiB the runtime has a size that fits,
// and little more takes 40 KiB, zeroed first.
const largestMessage = 32 << 10

// flowConfig returns how the streams of s flow, over messages of at most
// maxPayload bytes.
func flowConfig(s *endpoint.Spec, maxPayload int64) (flow.Config, error) {
	const least = 64
	room := maxPayload - flow.Overhead - int64(len(hello))
	if room < least {
		return flow.Config{}, endpoint.Usagef("the server takes messages of %d bytes at most, and a stream needs %d", maxPayload, maxPayload-room+least)
	}
	window := int(min(s.Options.Bytes("window", flow.DefaultWindow), 1<<30))
	most := window
	if !s.Options.Has("window") {
		most = largestWindow
	}
	return flow.Config{
		Window:        window,
		MaxWindow:     most,
		HighWaterMark: window,
		MaxPayload:    int(min(room, largestMessage-flow.Overhead)),
		Ping:          s.Options.Duration("ping", pingTime),
	}, nil
}
