package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/duplex-go/duplex/inspect"
	"github.com/duplex-go/duplex/inspect/top"
	"golang.org/x/term"
)

type topCmd struct {
	URL     string        `arg:"" help:"What --inspect printed: http://HOST:PORT/?token=TOKEN."`
	Token   string        `name:"inspect-token" help:"Take the token from this file, as --inspect-token does, and not from the URL, which others on this machine may see in the list of processes." placeholder:"FILE"`
	Sort    inspect.Sort  `enum:"opened,name,state,rate,bytes,waiting" help:"By what: ${enum}; the latest, the most pressing or the most comes first." default:"opened"`
	Reverse bool          `help:"Turn the order around."`
	State   inspect.State `enum:",stalled,half-closed,flowing,silent,failed,closed" help:"Only those in this state: stalled, half-closed, flowing, silent, failed or closed." default:"" placeholder:"STATE"`
	Filter  string        `help:"Only those with this in a name, an address or a transform." placeholder:"TEXT"`
	Rows    int           `help:"How many at most." default:"100"`
	Once    bool          `help:"Print the table once, without control sequences; the default where standard output is no terminal."`
}

// Help is what "duplex top --help" adds.
func (topCmd) Help() string {
	return "Every stream or join has two lines, one for each direction. When the server goes, the last table stays until it comes back; a server " +
		"that is to keep its token takes it from a file (--inspect-token). SIGINT ends it in order."
}

func (c topCmd) Run(s *session) error {
	q := inspect.Query{Text: c.Filter, State: c.State, Sort: c.Sort, Up: c.Reverse, Limit: c.Rows}
	if c.Rows < 1 {
		return fmt.Errorf("%w: --rows must be 1 or more", errUsage)
	}
	if _, err := inspect.ParseQuery(q.Values()); err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	token := ""
	if c.Token != "" {
		text, err := os.ReadFile(c.Token)
		if err != nil {
			return fmt.Errorf("token: %w", err)
		}
		token = strings.TrimSpace(string(text))
	}
	client, err := inspect.NewClient(c.URL, token)
	if err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	stdout := int(os.Stdout.Fd())
	size := func() (width, height int) {
		width, height, _ = term.GetSize(stdout) // no bounds if it does not say
		return width, height
	}
	if c.Once || !term.IsTerminal(stdout) {
		return printTable(s, client, q, size)
	}
	return showTable(s, client, q, &top.Screen{W: s.out, Size: size})
}

// printTable prints what there is now.
func printTable(s *session, client *inspect.Client, q inspect.Query, size func() (width, height int)) error {
	v, err := client.View(s, q)
	if s.Err() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	var t top.Table
	t.Width, _ = size()
	_, err = fmt.Fprintln(s.out, strings.Join(t.Lines(client.String(), v), "\n"))
	return err
}

// showTable shows what there is until s ends.
func showTable(s *session, client *inspect.Client, q inspect.Query, screen *top.Screen) error {
	defer screen.Close()
	var last inspect.View
	var failed error
	for v, err := range client.Follow(s, q) {
		note := client.String()
		if failed = err; err != nil {
			v, note = last, "LOST, trying again: "+reason(err)+" "
		}
		last = v
		if last.At == 0 {
			continue // there is nothing to show yet
		}
		if err := screen.Show(note, v); err != nil {
			return err
		}
	}
	if s.Err() != nil {
		return nil
	}
	return failed
}
