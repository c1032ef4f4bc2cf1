package main

import (
	"fmt"
	"net"
	"net/netip"
	"os"

	"github.com/duplex-go/duplex/hub"
)

type hubCmd struct {
	Addr    string   `arg:"" optional:"" help:"Where clients connect, host:port; without a host it is this machine, and port 0 is a free one." default:"127.0.0.1:4222"`
	Cluster string   `help:"Where other hubs connect, host:port; nowhere unless there is a --route." placeholder:"HOST:PORT"`
	Route   []string `help:"The cluster address of another hub; one is enough to get to know all of them." placeholder:"HOST:PORT"`
	Name    string   `help:"The hub's name in the cluster; a random one." placeholder:"NAME"`
	User    string   `help:"Whom clients and other hubs have to log in as, with the password in the environment variable DUPLEX_HUB_PASSWORD; anybody is let in without." placeholder:"NAME"`
	logFlags
	inspectFlags
}

// passwordVariable holds the password, which a command line would show to all.
const passwordVariable = "DUPLEX_HUB_PASSWORD"

// Help is what "duplex hub --help" adds.
func (hubCmd) Help() string {
	return "Prints \"listening on nats://ADDRESS\" to standard error when it is ready. At SIGINT or SIGTERM it ends every connection " +
		"and exits; the streams on them fail, unless they have ended. Hubs and other NATS servers may form one cluster, whose name is duplex. " +
		"--inspect shows its clients' connections, with the bytes of the messages that they sent and got; --verbose and --json tell of each, at most a second late."
}

func (c hubCmd) Run(s *session) error {
	config := hub.Config{Addr: c.Addr, Cluster: c.Cluster, Routes: c.Route, Name: c.Name, User: c.User, Password: os.Getenv(passwordVariable)}
	for _, addr := range append([]string{c.Addr, c.Cluster}, c.Route...) {
		if _, _, err := net.SplitHostPort(addr); err != nil && addr != "" {
			return fmt.Errorf("%w: %q is not host:port", errUsage, addr)
		}
	}
	if err := c.logFlags.check(); err != nil {
		return err
	}
	if c.User != "" && config.Password == "" {
		return fmt.Errorf("%w: --user needs a password in %s", errUsage, passwordVariable)
	}
	if c.User == "" && config.Password != "" {
		return fmt.Errorf("%w: %s is set, but whom it belongs to is not: --user NAME", errUsage, passwordVariable)
	}
	h, err := config.Start(s)
	if err != nil {
		return err
	}
	defer h.Close()
	registry := c.registry()
	stop, err := c.inspector(s, registry)
	if err != nil {
		return err
	}
	defer stop()
	log, cluster := c.logger(s.log), h.ClusterAddr()
	if registry != nil || log.tells() {
		defer watchClients(h, registry, log)()
	}
	log.listening(h.URL(), "cluster", cluster)
	if cluster != "" && !c.JSON && !c.Quiet {
		fmt.Fprintf(s.log, "other hubs: --route %s\n", cluster)
	}
	if a, err := netip.ParseAddrPort(h.Addr()); err == nil && !a.Addr().IsLoopback() && c.User == "" {
		fmt.Fprintf(s.log, "duplex: warning: %s: anybody who can connect is let in\n", h.URL())
	}
	<-s.Done()
	return nil
}
