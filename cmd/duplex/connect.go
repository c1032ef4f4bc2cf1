package main

type connectCmd struct {
	URL string `arg:"" help:"What to connect to; see duplex help endpoints."`
	joinFlags
}

// Help is what "duplex connect --help" adds.
func (connectCmd) Help() string {
	return "It is duplex join - URL. The end of standard input ends the sending and not the receiving, so that a reply to " +
		"everything still arrives. At SIGINT or SIGTERM what has been typed is still sent and both sides are ended, " +
		"but no more is waited for; a second signal ends it at once."
}

func (c connectCmd) Run(s *session) error { return c.join(s, "-", c.URL) }
