// Package page is the two programs of the page that duplex grew from, "Learn
// The Basics Of Duplex Streams", in Go. What they print is what the page shows.
package page

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/duplex-go/duplex"
)

const (
	serverBeat    = 1000 * time.Millisecond
	clientAllDone = 3250 * time.Millisecond
	clientEnd     = 250 * time.Millisecond
)

// Net runs the page's TCP server and client on a free port of this machine and
// prints what both have to say, until their connection has ended.
func Net(out io.Writer) error {
	// SERVER
	server := duplex.Server{Handler: duplex.Handler{
		Open: func(socket *duplex.Conn) {
			socket.Every(serverBeat, func() {
				fmt.Fprintln(out, "server writing beat")
				io.WriteString(socket, "server beat")
			})
		},
		Data: func(socket *duplex.Conn, data []byte) {
			socket.Write(bytes.ToUpper(data))
		},
		End: func(socket *duplex.Conn) {
			fmt.Fprintln(out, "server socket ended!")
		},
	}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go server.Serve(listener)
	defer server.Close()

	// CLIENT
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		return err
	}
	client := duplex.Handle(conn.(*net.TCPConn), duplex.Handler{
		Data: func(client *duplex.Conn, data []byte) {
			fmt.Fprintf(out, "client received data: %s\n", data)
		},
	})
	io.WriteString(client, "starting client")

	client.After(clientAllDone, func() {
		io.WriteString(client, "all done")
		client.After(clientEnd, func() {
			fmt.Fprintln(out, "client .end() here")
			client.CloseWrite()
		})
	})
	return client.Wait(context.Background())
}
