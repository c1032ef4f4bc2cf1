package tap

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"
)

// Format is how a dump shows bytes.
type Format uint8

const (
	// Hex shows sixteen bytes a line in hexadecimal and as text, as hexdump -C
	// does.
	Hex Format = iota
	// Text shows the text, and what cannot be printed as Go escapes it.
	Text
)

// Dump returns a tap that writes what passes to w for people to read: a line
// with the direction (> out, < back), the time, the length and the offsets of
// the piece in its direction, and then its bytes. No byte of the stream's
// reaches w as it is, so that a terminal is safe.
func Dump(w io.Writer, f Format) Tap {
	return &dump{w: w, format: f, now: time.Now}
}

type dump struct {
	w      io.Writer
	format Format
	now    func() time.Time
	offset [2]int64
	b      bytes.Buffer
}

var arrows = [...]string{Out: ">", Back: "<"}

func (d *dump) Passed(dir Direction, p []byte) error {
	d.b.Reset()
	from := d.offset[dir]
	d.offset[dir] += int64(len(p))
	fmt.Fprintf(&d.b, "%s %s length=%d from=%d to=%d\n", arrows[dir], d.stamp(), len(p), from, d.offset[dir]-1)
	if d.format == Text {
		writeText(&d.b, p)
	} else {
		writeHex(&d.b, p, from)
	}
	_, err := d.w.Write(d.b.Bytes())
	return err
}

func (d *dump) Ended(dir Direction, err error) error {
	what := "end"
	if err != nil {
		what = strconv.Quote(err.Error())
	}
	_, err = fmt.Fprintf(d.w, "%s %s %s at=%d\n", arrows[dir], d.stamp(), what, d.offset[dir])
	return err
}

func (d *dump) stamp() string { return d.now().Format("2006-01-02T15:04:05.000000Z07:00") }

// writeHex writes p, which begins at offset from.
func writeHex(b *bytes.Buffer, p []byte, from int64) {
	for len(p) > 0 {
		line := p[:min(16, len(p))]
		p = p[len(line):]
		fmt.Fprintf(b, "  %08x ", from)
		from += int64(len(line))
		for i := range 16 {
			if i%8 == 0 {
				b.WriteByte(' ')
			}
			if i < len(line) {
				fmt.Fprintf(b, "%02x ", line[i])
			} else {
				b.WriteString("   ")
			}
		}
		b.WriteString(" |")
		for _, c := range line {
			if c < ' ' || c > '~' {
				c = '.'
			}
			b.WriteByte(c)
		}
		b.WriteString("|\n")
	}
}

// writeText writes p, a line for each of its lines.
func writeText(b *bytes.Buffer, p []byte) {
	for line := range bytes.Lines(p) {
		b.WriteString("  ")
		for len(line) > 0 {
			r, size := utf8.DecodeRune(line)
			if r == utf8.RuneError && size == 1 || !unicode.IsPrint(r) {
				quoted := strconv.Quote(string(line[:size]))
				b.WriteString(quoted[1 : len(quoted)-1])
			} else {
				b.Write(line[:size])
			}
			line = line[size:]
		}
		b.WriteByte('\n')
	}
}
