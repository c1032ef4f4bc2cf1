// Fleet is the page's server on three processes that serve as one: behind a
// cluster of three NATS servers, one within each process. Whoever dials
// nats://any-of-them/page reaches one of the three, and one beat reaches all
// clients of all of them.
//
//	go run ./examples/fleet
//
// starts the three, has clients talk to them, takes one process away and shows
// what becomes of whom: its clients get a clear error, all others stay, and their
// beat goes on.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"time"
)

func main() {
	var server Server
	route := flag.String("route", "", "the cluster address of another server of the fleet")
	flag.StringVar(&server.Name, "serve", "", "be a server of that name; without it, start a fleet of three and show it")
	flag.DurationVar(&server.Beat, "beat", 0, "send the beat to the clients of all servers this often; one server does")
	flag.Parse()
	if *route != "" {
		server.Routes = strings.Split(*route, ",")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	if server.Name != "" {
		err = server.Run(ctx, os.Stdout)
	} else {
		err = show(ctx, os.Stdout)
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "fleet:", err)
		os.Exit(1)
	}
}

const beat = 250 * time.Millisecond
