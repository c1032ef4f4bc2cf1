// Package redact takes secrets out of text that is to be shown: endpoints,
// command lines, errors that quote either.
package redact

import (
	"regexp"
	"slices"
	"strings"
)

// Mask stands where a secret was.
const Mask = "***"

// secret names what holds a secret, wherever the word stands in a longer name.
const secret = `token|secret|passw(?:or)?d|passphrase|api[-_]?key|access[-_]?key|private[-_]?key|signature|session|cookie|authorization|jwt`

// exact are words that hold one only if they stand alone.
const exact = `creds|credentials|nkey|auth|pass|pwd|sig|seed|key`

// Values: one that ends where the next thing begins; one in quotes.
const (
	until  = `[^&,;\s"'<>]+`
	quoted = `"[^"]*"?|'[^']*'?`
)

// rule is what a secret looks like: what stands before it is in the first group,
// and the secret in the second.
type rule struct {
	find *regexp.Regexp
	not  func(before, value string) bool // nil: it always is one
}

var rules = []rule{
	// scheme://user:password@ and scheme://token@
	{find: regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*://)([^/?#,\s"']*)@`)},
	// the same where the password holds what should have been escaped
	{regexp.MustCompile(`((?:^|[^/\w])(?:[a-zA-Z][a-zA-Z0-9+.-]*:)?//)([^\s"'@:/?#,\[\]]*:[^\s"']*)@`), isHostAndMore},
	// user:password@host, without a scheme
	{regexp.MustCompile(`(^|[\s"'])([\w.%~-]+:[^\s/@"']+)@`), isEndpoint},
	// header=Name: x, of which nobody else knows what it is for, and env=NAME=x
	{find: regexp.MustCompile(`(?i)([?&]header=(?:[\w-]+(?::|%3a)(?:\s|%20|\+)*)?)([^&\r\n]+)`)},
	{find: regexp.MustCompile(`(?i)(,header=(?:[\w-]+(?::|%3a)(?:\s|%20|\+)*)?)([^,\r\n]+)`)},
	{find: regexp.MustCompile(`(?i)([?&]env=(?:\w+(?:=|%3d))?)([^&\r\n]+)`)},
	{find: regexp.MustCompile(`(?i)(,env=(?:\w+(?:=|%3d))?)([^,\r\n]+)`)},
	// Authorization: Bearer x, Cookie: x, X-Api-Key: x
	{find: regexp.MustCompile(`(?i)(\b(?:(?:proxy-)?authorization|(?:set-)?cookie|[\w]+-(?:[\w-]*-)?(?:token|key|secret|auth)[\w-]*)(?::|%3a)(?:\s|%20|\+)*)((?:[^\s,"'\r\n]|"[^"]*")(?:[^,"'\r\n]|"[^"]*")*)`)},
	// Bearer x and Basic x, wherever they are quoted
	{find: regexp.MustCompile(`(?i)(\b(?:bearer|basic)(?:\s+|%20|\+))([^\s,"'&;]{4,})`)},
	// "name": "value", as in JSON
	{find: regexp.MustCompile(`(?i)("(?:[\w.-]*(?:` + secret + `)[\w.-]*|` + exact + `)"\s*:\s*")([^"]+)`)},
	// name=value
	{find: regexp.MustCompile(`(?i)([\w.-]*(?:` + secret + `)[\w.-]*(?:=|%3d))(` + quoted + `|` + until + `)`)},
	// the same where the word could be part of another, and a path is no secret
	{find: regexp.MustCompile(`(?i)((?:^|[^\w.-]|%3f|%26)(?:` + exact + `)(?:=|%3d))([^&,;\s"'<>/.~][^&,;\s"'<>]*|` + quoted + `)`)},
	// --name value
	{find: regexp.MustCompile(`(?i)(--?[\w-]*(?:` + secret + `)[\w-]*\s+)(` + quoted + `|[^\s"'-]\S*)`)},
	// programs that take one behind a letter: curl, sshpass, redis-cli, mysql
	{find: regexp.MustCompile(`((?:^|\s)(?:-u|-U|--user|--proxy-user)[ =]?)([^\s:"']+:` + until + `)`)},
	{find: regexp.MustCompile(`(\b(?:sshpass\s+-p|redis-cli\s(?:[^|;]*\s)?-a|(?:mysql|mariadb)[\w-]*\s(?:[^|;]*\s)?-p)\s*)([^\s"'-]\S*|` + quoted + `)`)},
}

// Text returns text with a mask in place of every secret in it that can be told:
// the user and password of a URL, the values of headers and of variables that an
// endpoint sets, those of options, parameters and flags that are named after a
// secret. What has been through it already is left as it is.
func Text(text string) string {
	for _, r := range rules {
		text = r.apply(text)
	}
	return text
}

func (r rule) apply(text string) string {
	var b strings.Builder
	done := 0
	for _, at := range r.find.FindAllStringSubmatchIndex(text, -1) {
		before, value := text[at[2]:at[3]], text[at[4]:at[5]]
		if strings.HasPrefix(value, Mask) || r.not != nil && r.not(before, value) {
			continue
		}
		b.WriteString(text[done:at[4]])
		b.WriteString(Mask)
		done = at[5]
	}
	if done == 0 {
		return text
	}
	b.WriteString(text[done:])
	return b.String()
}

// port is what stands behind a host's colon.
var port = regexp.MustCompile(`^[^:]*:\d*(?:[/?#,]|$)`)

// isHostAndMore reports whether what stands before an @ is a host with its port
// and what follows these, in which somebody has written an @.
func isHostAndMore(_, value string) bool { return port.MatchString(value) }

// notUsers are words that stand before a colon and are no users: endpoints, whose
// paths and arguments may hold an @.
var notUsers = []string{"exec", "fd", "file", "listen", "pipe", "pty", "stdio", "unix", "mailto", "http", "https"}

func isEndpoint(_, value string) bool {
	user, _, _ := strings.Cut(value, ":")
	return slices.Contains(notUsers, strings.ToLower(user))
}
