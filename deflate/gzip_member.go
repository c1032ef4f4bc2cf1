package deflate

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"time"
)

// maxHeaderField is how much of each of a header's variable fields is kept. A
// name or a comment has no bound in the format, so one must be set here.
const maxHeaderField = 1 << 10

// memberHeader is the header of a gzip member as it is read.
type memberHeader struct {
	field   memberField
	known   bool // the fields below are a whole header
	fixed   [10]byte
	size    [2]byte // of the extra field
	extra   []byte
	name    []byte
	comment []byte
	left    int    // bytes of the extra field still to come
	crc     uint32 // of the header so far
}

// memberField is the field of a header that comes next.
type memberField uint8

const (
	atMethod memberField = iota
	atTime
	atSystem
	atExtra
	inExtra
	inName
	inComment
	atHeaderCheck
)

// The flags of a gzip header; the upper three bits must be zero.
const (
	memberText    = 1 << 0
	memberCheck   = 1 << 1
	memberExtra   = 1 << 2
	memberName    = 1 << 3
	memberComment = 1 << 4
	memberUnknown = 7 << 5
)

func (m *memberHeader) reset() {
	m.known, m.field = false, atMethod
}

// start prepares for the bytes after the first two, which are always the same.
func (m *memberHeader) start() {
	m.reset()
	m.fixed[0], m.fixed[1] = 0x1f, 0x8b
	m.extra, m.name, m.comment = m.extra[:0], m.name[:0], m.comment[:0]
}

func (m *memberHeader) has(flag byte) bool { return m.fixed[3]&flag != 0 }

// readMember reads the next field of a gzip header. It returns false if it
// needs more input or the header is wrong.
func (d *Decoder) readMember() bool {
	m := &d.member
	switch m.field {
	case atMethod:
		if !d.need(16) {
			return false
		}
		binary.LittleEndian.PutUint16(m.fixed[2:], uint16(d.peek(16)))
		switch {
		case m.fixed[2] != 8:
			d.fail(ErrHeader, "unknown compression method", d.offset())
			return false
		case m.has(memberUnknown):
			d.fail(ErrHeader, "unknown header flags set", d.offset()+1)
			return false
		}
		d.drop(16)
	case atTime:
		if !d.need(32) {
			return false
		}
		binary.LittleEndian.PutUint32(m.fixed[4:], d.peek(32))
		d.drop(32)
	case atSystem:
		if !d.need(16) {
			return false
		}
		binary.LittleEndian.PutUint16(m.fixed[8:], uint16(d.peek(16)))
		d.drop(16)
		m.crc = 0
		m.count(m.fixed[:])
	case atExtra:
		if !m.has(memberExtra) {
			break
		}
		if !d.need(16) {
			return false
		}
		m.left = int(d.peek(16))
		d.drop(16)
		binary.LittleEndian.PutUint16(m.size[:], uint16(m.left))
		m.count(m.size[:])
	case inExtra:
		if !m.has(memberExtra) {
			break
		}
		n := min(m.left, len(d.in)-d.ip)
		m.keep(&m.extra, d.in[d.ip:d.ip+n])
		m.count(d.in[d.ip : d.ip+n])
		d.ip += n
		m.left -= n
		if m.left > 0 {
			return false
		}
	case inName:
		if m.has(memberName) && !d.readText(&m.name) {
			return false
		}
	case inComment:
		if m.has(memberComment) && !d.readText(&m.comment) {
			return false
		}
	case atHeaderCheck:
		if m.has(memberCheck) {
			if !d.need(16) {
				return false
			}
			if d.peek(16) != m.crc&0xffff {
				d.fail(ErrHeader, "header crc mismatch", d.offset())
				return false
			}
			d.drop(16)
		}
		m.known = true
		d.startBody()
		return true
	}
	m.field++
	return true
}

// readText reads a text up to its zero byte.
func (d *Decoder) readText(text *[]byte) bool {
	p := d.in[d.ip:]
	end := bytes.IndexByte(p, 0)
	if end < 0 {
		d.member.keep(text, p)
		d.member.count(p)
		d.ip += len(p)
		return false
	}
	d.member.keep(text, p[:end])
	d.member.count(p[:end+1])
	d.ip += end + 1
	return true
}

// keep adds p to a field as far as there is room.
func (m *memberHeader) keep(field *[]byte, p []byte) {
	*field = append(*field, p[:min(len(p), maxHeaderField-len(*field))]...)
}

// count adds p to the header's checksum, if there is one.
func (m *memberHeader) count(p []byte) {
	if m.has(memberCheck) {
		m.crc = crc32.Update(m.crc, crc32.IEEETable, p)
	}
}

// header returns what was read.
func (m *memberHeader) header() (Header, bool) {
	if !m.known {
		return Header{}, false
	}
	h := Header{
		Name:    latin1(m.name),
		Comment: latin1(m.comment),
		OS:      OS(m.fixed[9]),
		Text:    m.has(memberText),
		CRC:     m.has(memberCheck),
	}
	if h.OS == 0 {
		h.OS = FAT
	}
	if m.has(memberExtra) {
		h.Extra = append([]byte{}, m.extra...)
	}
	if t := binary.LittleEndian.Uint32(m.fixed[4:]); t != 0 {
		h.ModTime = time.Unix(int64(t), 0)
	}
	return h, true
}

// latin1 returns a text of the header, which is Latin-1, as UTF-8.
func latin1(p []byte) string {
	r := make([]rune, len(p))
	for i, c := range p {
		r[i] = rune(c)
	}
	return string(r)
}
