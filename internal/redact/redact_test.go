package redact_test

import (
	"strings"
	"testing"

	"github.com/duplex-go/duplex/internal/redact"
)

// Wherever a secret may stand in what is shown, it is not (R62). In each line
// the secret begins with s3cr3t.
func TestR62_NoSecretIsLeftInWhatIsShown(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"ws://user:s3cr3t@example.org/path", "ws://***@example.org/path"},
		{"ws://user:s3cr3t%40x@example.org/path", "ws://***@example.org/path"},
		{"nats://s3cr3tToken@example.org:4222/subject", "nats://***@example.org:4222/subject"},
		{"dial wss://u:s3cr3t@h:1/x?y=1: connection refused", "dial wss://***@h:1/x?y=1: connection refused"},
		{"ws://h/x%3Ftoken=s3cr3t&a=b", "ws://h/x%3Ftoken=***&a=b"},
		{"http://h/x?access_token=s3cr3t&a=b", "http://h/x?access_token=***&a=b"},
		{"http://h/x?a=b&X-Amz-Signature=s3cr3t", "http://h/x?a=b&X-Amz-Signature=***"},
		{"http://h/x?key=s3cr3t", "http://h/x?key=***"},
		{"http://h/x?sig=s3cr3t&b", "http://h/x?sig=***&b"},
		{"ws://h,header=Authorization: Bearer s3cr3t,idle=1s", "ws://h,header=Authorization: ***,idle=1s"},
		{"ws://h?header=Authorization:%20Basic%20s3cr3t", "ws://h?header=Authorization: ***"},
		{"ws://h,header=Cookie: a=s3cr3t; b=s3cr3t2", "ws://h,header=Cookie: ***"},
		{"ws://h,header=X-Api-Key:s3cr3t", "ws://h,header=X-Api-Key: ***"},
		{"handshake refused: Bearer s3cr3t is not known", "handshake refused: Bearer *** is not known"},
		{"exec:tool --password s3cr3t --verbose", "exec:tool --password *** --verbose"},
		{"exec:tool --api-key=s3cr3t x", "exec:tool --api-key=*** x"},
		{"exec:env PGPASSWORD=s3cr3t psql", "exec:env PGPASSWORD=*** psql"},
		{"nats://h,creds=s3cr3t.creds", "nats://h,creds=***"},
		{"nats://h,nkey=s3cr3t", "nats://h,nkey=***"},
		{"resume session=s3cr3t: gone", "resume session=***: gone"},
	} {
		got := redact.Text(test.text)
		if strings.Contains(got, "s3cr3t") {
			t.Errorf("%q shows %q", test.text, got)
		}
		if got != test.want && !strings.HasPrefix(got, strings.Split(test.want, "***")[0]+"***") {
			t.Errorf("%q became %q, want %q", test.text, got, test.want)
		}
	}
}

func TestWhatIsNoSecretStays(t *testing.T) {
	for _, text := range []string{
		"", "-", "listen:tcp://127.0.0.1:3000,fork,max=0", "tls://h:1,key=/etc/key.pem,cert=./c.pem,ca=~/ca",
		"dial nats://h:1/x,creds=/a/b: option creds: open /a/b: no such file or directory",
		"exec:sh -c 'echo passing keys'", "pty:top", "a to b: read failed: connection reset by peer",
		"unix:///run/app.sock?timeout=2s", "tcp://[::1]:80", "design=1 monkey=2 author=x",
		"file:/tmp/a@b", "gzip:level=9,strategy=rle",
	} {
		if got := redact.Text(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}
