// Package redact takes secrets out of text that is to be shown: endpoints,
// command lines, errors that quote either.
package redact

import "regexp"

// Mask stands where a secret was.
const Mask = "***"

// secret names what holds a secret, wherever the word stands in a longer name.
const secret = `token|secret|passw(?:or)?d|passphrase|api[-_]?key|access[-_]?key|private[-_]?key|signature|session|cookie|authorization|jwt`

// exact are words that hold one only if they stand alone.
const exact = `creds|credentials|nkey|auth|pass|pwd|sig|seed|key`

// until is a value that ends where the next thing begins.
const until = `[^&,;\s"'<>]+`

var rules = []struct {
	find *regexp.Regexp
	with string
}{
	// scheme://user:password@ and scheme://token@
	{regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*://)[^/?#,\s"']*@`), "${1}" + Mask + "@"},
	// Authorization: Bearer x, Cookie: x, X-Api-Key: x
	{regexp.MustCompile(`(?i)\b((?:proxy-)?authorization|(?:set-)?cookie|[\w]+-(?:[\w-]*-)?(?:token|key|secret|auth)[\w-]*)(:|%3a)(?:\s|%20|\+)*[^\s,"'\r\n][^,"'\r\n]*`), "${1}${2} " + Mask},
	// Bearer x and Basic x, wherever they are quoted
	{regexp.MustCompile(`(?i)\b(bearer|basic)(\s+|%20|\+)[^\s,"'&;]{4,}`), "${1} " + Mask},
	// name=value
	{regexp.MustCompile(`(?i)([\w.-]*(?:` + secret + `)[\w.-]*)(=|%3d)` + until), "${1}${2}" + Mask},
	// the same where the word could be part of another, and a path is no secret
	{regexp.MustCompile(`(?i)(^|[^\w.-]|%3f|%26)(` + exact + `)(=|%3d)([^&,;\s"'<>/.~][^&,;\s"'<>]*)`), "${1}${2}${3}" + Mask},
	// --name value
	{regexp.MustCompile(`(?i)(--?[\w-]*(?:` + secret + `)[\w-]*)(\s+)[^\s-]\S*`), "${1}${2}" + Mask},
}

// Text returns text with a mask in place of every secret in it that can be told:
// the user and password of a URL, the values of headers, options, parameters and
// flags that are named after a secret.
func Text(text string) string {
	for _, r := range rules {
		text = r.find.ReplaceAllString(text, r.with)
	}
	return text
}
