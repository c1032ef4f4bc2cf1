package top

import (
	"strings"
	"unicode"

	"github.com/duplex-go/duplex/internal/printable"
)

// wide are the blocks whose characters take two columns of a terminal.
var wide = []struct{ first, last rune }{
	{0x1100, 0x115F}, {0x2E80, 0x303E}, {0x3041, 0xA4CF}, {0xA960, 0xA97F}, {0xAC00, 0xD7A3}, {0xF900, 0xFAFF},
	{0xFE30, 0xFE6F}, {0xFF00, 0xFF60}, {0xFFE0, 0xFFE6}, {0x1F300, 0x1F64F}, {0x1F680, 0x1F9FF}, {0x20000, 0x3FFFD},
}

// columns returns how many columns r takes.
func columns(r rune) int {
	if unicode.In(r, unicode.Mn, unicode.Me) {
		return 0
	}
	for _, block := range wide {
		if r >= block.first && r <= block.last {
			return 2
		}
	}
	return 1
}

// width returns how many columns text takes.
func width(text string) (n int) {
	for _, r := range text {
		n += columns(r)
	}
	return n
}

// cut returns as much of text as goes into that many columns.
func cut(text string, columnsLeft int) string {
	if width(text) <= columnsLeft {
		return text
	}
	left := columnsLeft - 1 // for the ellipsis
	if left < 0 {
		return ""
	}
	for i, r := range text {
		if left -= columns(r); left < 0 {
			return text[:i] + "…"
		}
	}
	return text
}

// pad fills text up to that many columns.
func pad(text string, to int, right bool) string {
	space := strings.Repeat(" ", max(0, to-width(text)))
	if right {
		return space + text
	}
	return text + space
}

// safe returns text, which a peer may have chosen, without what would speak to
// the terminal or begin another line.
func safe(text string) string { return printable.Escape(text, "") }
