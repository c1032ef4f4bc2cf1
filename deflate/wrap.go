package deflate

import (
	"fmt"
	"unicode/utf8"
)

// headerBits are the two bits of a zlib header that hint at the level.
func headerBits(level int, strategy Strategy) uint64 {
	switch {
	case strategy >= HuffmanOnly || level < 2:
		return 0
	case level < 6:
		return 1
	case level == 6:
		return 2
	}
	return 3
}

// writeHeader writes what stands before the data.
func (z *Writer) writeHeader(s *encoderState) {
	e := &s.encoder
	b := &e.out
	switch z.o.Format {
	case Zlib:
		h := uint64(8|(z.o.WindowBits-8)<<4)<<8 | headerBits(e.level, e.strategy)<<6
		if e.win.pos > 0 {
			h |= 0x20
		}
		h += 31 - h%31
		b.put(h>>8|h&0xff<<8, 16)
		if e.win.pos > 0 {
			putBig(b, z.sum)
			z.sum = 1
		}
	case Gzip:
		s.header.write(b, &z.o.Header, e.level, e.strategy)
	}
}

// putBig writes v with the highest byte first.
func putBig(b *bitWriter, v uint32) {
	b.put(uint64(v>>24|v>>8&0xff00|v<<8&0xff0000|v<<24), 32)
}

// gzipHeader writes a gzip header and keeps its checksum.
type gzipHeader struct {
	b     *bitWriter
	crc   uint32
	bytes [10]byte
}

// write writes a header with the fields of h.
func (g *gzipHeader) write(b *bitWriter, h *Header, level int, strategy Strategy) {
	g.b, g.crc = b, 0
	flags := byte(0)
	flag := func(set bool, f byte) {
		if set {
			flags |= f
		}
	}
	flag(h.Text, memberText)
	flag(h.CRC, memberCheck)
	flag(len(h.Extra) > 0, memberExtra)
	flag(h.Name != "", memberName)
	flag(h.Comment != "", memberComment)
	xfl := byte(0)
	switch {
	case level == 9:
		xfl = 2
	case strategy >= HuffmanOnly || level < 2:
		xfl = 4
	}
	var t uint32
	if !h.ModTime.IsZero() {
		t = uint32(h.ModTime.Unix())
	}
	g.bytes = [10]byte{0x1f, 0x8b, 8, flags, byte(t), byte(t >> 8), byte(t >> 16), byte(t >> 24), xfl, h.OS.osByte()}
	g.add(g.bytes[:])
	if len(h.Extra) > 0 {
		g.bytes[0], g.bytes[1] = byte(len(h.Extra)), byte(len(h.Extra)>>8)
		g.add(g.bytes[:2])
		g.add(h.Extra)
	}
	g.text(h.Name)
	g.text(h.Comment)
	if h.CRC {
		b.put(uint64(uint16(g.crc)), 16)
	}
}

// add writes p.
func (g *gzipHeader) add(p []byte) {
	g.crc = crc32Update(g.crc, p)
	g.b.bytes(p)
}

// text writes s in Latin-1 with a zero behind it, or nothing if s is empty.
func (g *gzipHeader) text(s string) {
	if s == "" {
		return
	}
	for _, r := range s {
		g.bytes[0] = byte(r)
		g.add(g.bytes[:1])
	}
	g.bytes[0] = 0
	g.add(g.bytes[:1])
}

// checkHeader returns an error if h cannot be written.
func checkHeader(h *Header) error {
	if len(h.Extra) > 0xffff {
		return fmt.Errorf("deflate: gzip header: extra field of %d bytes, more than 65535", len(h.Extra))
	}
	if err := checkText("name", h.Name); err != nil {
		return err
	}
	if err := checkText("comment", h.Comment); err != nil {
		return err
	}
	if h.OS > 255 || h.OS < FAT {
		return fmt.Errorf("deflate: gzip header: operating system %d, not a byte", h.OS)
	}
	if t := h.ModTime; !t.IsZero() && (t.Unix() < 0 || t.Unix() > 0xffffffff) {
		return fmt.Errorf("deflate: gzip header: time %v does not fit 32 bits", t)
	}
	return nil
}

// checkText returns an error if s has a character outside Latin-1 or a zero.
func checkText(field, s string) error {
	for i, r := range s {
		if r == 0 || r > 0xff || r == utf8.RuneError {
			return fmt.Errorf("deflate: gzip header: %s has no Latin-1 character at byte %d", field, i)
		}
	}
	return nil
}

// writeTrailer writes what stands after the data.
func (z *Writer) writeTrailer(b *bitWriter) {
	switch z.o.Format {
	case Zlib:
		putBig(b, z.sum)
	case Gzip:
		b.put(uint64(z.sum), 32)
		b.put(uint64(uint32(z.total)), 32)
	}
}
