// Package proxy brings the PROXY protocol to package endpoint: a program that
// imports it has the option proxy.
package proxy

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"

	"github.com/duplex-go/duplex/endpoint"
	"github.com/pires/go-proxyproto"
)

func init() { endpoint.RegisterProxyProtocol(protocol{}) }

type protocol struct{}

func (protocol) Parse(header []byte) (client, server net.Addr, err error) {
	if bytes.HasPrefix(header, ofNobody) {
		return nil, nil, nil // the library takes it for a mistake
	}
	r := bufio.NewReader(bytes.NewReader(header))
	h, err := proxyproto.Read(r)
	if err != nil {
		return nil, nil, err
	}
	if r.Buffered() > 0 {
		return nil, nil, errors.New("it ends before its end")
	}
	if h.Command.IsLocal() || h.TransportProtocol.IsUnspec() || h.TransportProtocol.IsUnix() {
		return nil, nil, nil
	}
	from, to, ok := h.TCPAddrs()
	if !ok {
		return nil, nil, fmt.Errorf("it is about no TCP connection")
	}
	return from, to, nil
}

func (protocol) Format(version int, client, server net.Addr) ([]byte, error) {
	from, fromTCP := client.(*net.TCPAddr)
	to, toTCP := server.(*net.TCPAddr)
	if !fromTCP || !toTCP {
		client, server = nil, nil
	} else {
		client, server = plain(from), plain(to)
	}
	return proxyproto.HeaderProxyFromAddrs(byte(version), client, server).Format()
}

// ofNobody is how a header of version 2 begins that has no addresses, which the
// specification wants taken for the connection's own.
var ofNobody = append(bytes.Clone(proxyproto.SIGV2), 0x21, 0)

// plain returns an address without what the header has no place for.
func plain(a *net.TCPAddr) net.Addr { return &net.TCPAddr{IP: a.IP, Port: a.Port} }
