package main

import (
	"fmt"

	"github.com/alecthomas/kong"
	mangokong "github.com/alecthomas/mango-kong"
	"github.com/muesli/roff"
)

type manCmd struct{}

// Help is what "duplex man --help" adds.
func (manCmd) Help() string { return "For example: duplex man | man -l -" }

func (manCmd) Run(s *session, app *kong.Kong) error {
	page := mangokong.NewManPage(1, app.Model)
	_, err := fmt.Fprintln(s.out, page.Build(roff.NewDocument()))
	return err
}
