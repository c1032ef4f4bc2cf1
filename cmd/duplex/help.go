package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/duplex-go/duplex/endpoint"
)

type helpCmd struct {
	Topic string `arg:"" optional:"" enum:",endpoints,transforms" default:"" help:"endpoints or transforms; without one, the commands."`
}

func (c helpCmd) Run(s *session) error {
	switch c.Topic {
	case "endpoints":
		return helpEndpoints(s.out)
	case "transforms":
		return helpTransforms(s.out)
	}
	run([]string{"--help"})
	return nil
}

// helpEndpoints prints the schemes and their options.
func helpEndpoints(w io.Writer) error {
	fmt.Fprint(w, `An endpoint is a scheme, what the scheme makes of the rest, and options: ?name=value&name=value at the end,
or ,name=value,name=value. With listen: before it, it waits for connections.
`)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, s := range endpoint.Schemes() {
		fmt.Fprintf(t, "\n%s\t%s\n\t%s\n", s.Form, s.Summary, s.Ends)
		for _, o := range s.Options {
			side := ""
			switch o.Use {
			case endpoint.ListenOnly:
				side = " (listening)"
			case endpoint.DialOnly:
				side = " (dialling)"
			}
			fmt.Fprintf(t, "  %s=%v\t%s%s\n", o.Name, o.Kind, o.Help, side)
		}
	}
	return t.Flush()
}
