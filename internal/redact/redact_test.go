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
		{"ws://h?header=Authorization:%20Basic%20s3cr3t", "ws://h?header=Authorization:%20***"},
		{"ws://h,header=Cookie: a=s3cr3t; b=s3cr3t2", "ws://h,header=Cookie: ***"},
		{"ws://h,header=X-Api-Key:s3cr3t", "ws://h,header=X-Api-Key:***"},
		{"handshake refused: Bearer s3cr3t is not known", "handshake refused: Bearer *** is not known"},
		{"exec:tool --password s3cr3t --verbose", "exec:tool --password *** --verbose"},
		{"exec:tool --api-key=s3cr3t x", "exec:tool --api-key=*** x"},
		{"exec:env PGPASSWORD=s3cr3t psql", "exec:env PGPASSWORD=*** psql"},
		{"nats://h,creds=s3cr3t.creds", "nats://h,creds=***"},
		{"nats://h,nkey=s3cr3t", "nats://h,nkey=***"},
		{"resume session=s3cr3t: gone", "resume session=***: gone"},
		{"nats://user:s3cr3t/s3cr3t2@h:4222/s", "nats://***@h:4222/s"},
		{"ws://user:s3cr3t?s3cr3t2@h/s", "ws://***@h/s"},
		{"nats://user:s3cr3t,s3cr3t2@h/s", "nats://***@h/s"},
		{`"//user:s3cr3t/s3cr3t2@h/s" is not of the form`, `"//***@h/s" is not of the form`},
		{`"user:s3cr3t@h:4222" is not host:port`, `"***@h:4222" is not host:port`},
		{"ws://h,header=X-Custom: s3cr3t s3cr3t2,idle=1s", "ws://h,header=X-Custom: ***,idle=1s"},
		{"ws://h?header=X-Custom:%20s3cr3t,s3cr3t2&idle=1s", "ws://h?header=X-Custom:%20***&idle=1s"},
		{"ws://h,header=s3cr3t", "ws://h,header=***"},
		{"exec:tool,env=s3cr3t", "exec:tool,env=***"},
		{"exec:tool,env=GITHUB_PAT=s3cr3t,dir=/", "exec:tool,env=GITHUB_PAT=***,dir=/"},
		{"exec:env PGPASSWORD='s3cr3t s3cr3t2' psql", "exec:env PGPASSWORD=*** psql"},
		{`exec:tool --password "s3cr3t s3cr3t2" -v`, "exec:tool --password *** -v"},
		{`exec:tool --password='s3cr3t' -v`, "exec:tool --password=*** -v"},
		{`ws://h,header=Authorization: Token "s3cr3t"`, "ws://h,header=Authorization: ***"},
		{`refused: {"token":"s3cr3t","a":"b"}`, `refused: {"token":"***","a":"b"}`},
		{"exec:curl -u me:s3cr3t http://h", "exec:curl -u *** http://h"},
		{"exec:curl --user=me:s3cr3t http://h", "exec:curl --user=*** http://h"},
		{"exec:sshpass -p s3cr3t ssh h", "exec:sshpass -p *** ssh h"},
		{"exec:redis-cli -h h -a s3cr3t", "exec:redis-cli -h h -a ***"},
		{"exec:mysql -h h -ps3cr3t db", "exec:mysql -h h -p*** db"},
	} {
		got := redact.Text(test.text)
		if strings.Contains(got, "s3cr3t") {
			t.Errorf("%q shows %q", test.text, got)
		}
		if again := redact.Text(got); again != got {
			t.Errorf("%q became %q, and that %q", test.text, got, again)
		}
		if longer := redact.Text(got + ": connection refused"); longer != got+": connection refused" {
			t.Errorf("what follows %q is lost: %q", got, longer)
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
		"file:/tmp/a@b", "exec:ssh me@host", "exec:git@host", "ws://h:80/x?mail=a:b@c", "unix:@name", "tcp://[::1]:80 to a:b", "-u 8080", "gzip:level=9,strategy=rle",
	} {
		if got := redact.Text(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}
