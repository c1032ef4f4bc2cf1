package ws

import (
	"encoding/binary"
	"math/bits"
)

// mask applies a frame's masking key to src and writes what that gives to dst,
// which may be src and is no shorter. The key is little-endian and begins with
// the byte for src's first; what is returned begins with the one for the byte
// behind src.
func mask(dst, src []byte, key uint32) uint32 {
	wide := uint64(key)<<32 | uint64(key)
	dst = dst[:len(src)]
	for len(src) >= 32 && len(dst) >= 32 { // the second condition is for the compiler
		binary.LittleEndian.PutUint64(dst, binary.LittleEndian.Uint64(src)^wide)
		binary.LittleEndian.PutUint64(dst[8:], binary.LittleEndian.Uint64(src[8:])^wide)
		binary.LittleEndian.PutUint64(dst[16:], binary.LittleEndian.Uint64(src[16:])^wide)
		binary.LittleEndian.PutUint64(dst[24:], binary.LittleEndian.Uint64(src[24:])^wide)
		dst, src = dst[32:], src[32:]
	}
	for len(src) >= 8 && len(dst) >= 8 {
		binary.LittleEndian.PutUint64(dst, binary.LittleEndian.Uint64(src)^wide)
		dst, src = dst[8:], src[8:]
	}
	for i := range src {
		dst[i] = src[i] ^ byte(key)
		key = bits.RotateLeft32(key, -8)
	}
	return key
}
