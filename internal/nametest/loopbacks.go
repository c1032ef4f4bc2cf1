// Package nametest is a name server for tests.
package nametest

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"

	"github.com/duplex-go/duplex"
	"golang.org/x/net/dns/dnsmessage"
)

// Loopbacks returns a resolver that answers every name with the loopback addresses
// of both families, as localhost has them on many machines: ::1, and 127.0.0.1. A
// pair is its connection to the name server.
func Loopbacks() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := duplex.Pair()
		go func() {
			defer server.Close()
			for answer(server) == nil {
			}
		}()
		return client, nil
	}}
}

// answer answers one question, in the framing of DNS on a stream.
func answer(s io.ReadWriter) error {
	var size [2]byte
	if _, err := io.ReadFull(s, size[:]); err != nil {
		return err
	}
	question := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(s, question); err != nil {
		return err
	}
	var msg dnsmessage.Message
	if err := msg.Unpack(question); err != nil {
		return err
	}
	msg.Response, msg.Authoritative, msg.Additionals = true, true, nil
	q := msg.Questions[0]
	answer := dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1}}
	switch q.Type {
	case dnsmessage.TypeA:
		answer.Body = &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}}
	case dnsmessage.TypeAAAA:
		answer.Body = &dnsmessage.AAAAResource{AAAA: [16]byte{15: 1}}
	default:
		return fmt.Errorf("asked for %v", q.Type)
	}
	msg.Answers = []dnsmessage.Resource{answer}
	packed, err := msg.AppendPack(make([]byte, 2))
	if err != nil {
		return err
	}
	binary.BigEndian.PutUint16(packed, uint16(len(packed)-2))
	_, err = s.Write(packed)
	return err
}
