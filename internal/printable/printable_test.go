package printable_test

import (
	"testing"

	"github.com/duplex-go/duplex/internal/printable"
)

func TestEscape(t *testing.T) {
	for _, test := range []struct{ text, keep, want string }{
		{"", "", ""},
		{"plain, ümlaut, 日本 \ufffd", "", "plain, ümlaut, 日本 \ufffd"},
		{"a\nb\tc", "", `a\nb\tc`},
		{"a\nb\tc\r", "\n\t", "a\nb\tc" + `\r`},
		{"\x1b[31m\x07\x00\x7f", "\n\t", `\x1b[31m\a\x00\x7f`},
		{"\u009b31m\u0085", "\n\t", `\u009b31m\u0085`},
		{"\x9b\xff", "\n\t", `\x9b\xff`},
		{"\u202e\u200b\u2028", "\n\t", `\u202e\u200b\u2028`},
	} {
		if got := printable.Escape(test.text, test.keep); got != test.want {
			t.Errorf("%q, keeping %q, is %q, want %q", test.text, test.keep, got, test.want)
		}
	}
}
