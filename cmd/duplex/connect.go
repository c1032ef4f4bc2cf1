package main

type connectCmd struct {
	URL string `arg:"" help:"What to connect to; see duplex help endpoints."`
	joinFlags
}

// Help is what "duplex connect --help" adds.
func (connectCmd) Help() string {
	return "It is duplex join - URL. The end of standard input ends the sending and not the receiving, so that a reply to " +
		"everything still arrives. At SIGINT or SIGTERM the connection is cut."
}

func (c connectCmd) Run(s *session) error { return c.join(s, "-", c.URL) }
