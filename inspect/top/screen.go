package top

import (
	"io"
	"strings"

	"github.com/duplex-go/duplex/inspect"
)

// The few control sequences that a screen needs; every terminal since the VT100
// knows them, or does without.
const (
	enter = "\x1b[?1049h\x1b[?25l\x1b[?7l" // another screen, no cursor, no wrapping of lines
	leave = "\x1b[?7h\x1b[?25h\x1b[?1049l"
	home  = "\x1b[H"
	rest  = "\x1b[K" // clears the rest of the line
	below = "\x1b[J" // clears what is below
)

// Screen shows a table on a terminal, again and again in the same place. What was
// there before comes back in the end.
type Screen struct {
	W    io.Writer
	Size func() (width, height int)

	entered bool
}

// Show shows v in place of what was shown before.
func (s *Screen) Show(note string, v inspect.View) error {
	var t Table
	t.Width, t.Height = s.Size()
	text := home + strings.Join(t.Lines(note, v), rest+"\r\n") + rest + below
	if !s.entered {
		s.entered = true
		text = enter + text
	}
	_, err := io.WriteString(s.W, text)
	return err
}

// Close gives the terminal back as it was.
func (s *Screen) Close() {
	if s.entered {
		s.entered = false
		_, _ = io.WriteString(s.W, leave)
	}
}
