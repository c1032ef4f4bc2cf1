package main

import "github.com/duplex-go/duplex/examples/page"

type demoCmd struct {
	Program string `arg:"" optional:"" enum:"net,gzip,all" default:"all" help:"Which one: net, gzip, or all for both."`
}

// Help is what "duplex demo --help" adds.
func (demoCmd) Help() string {
	return "What it prints is what the page \"Learn The Basics Of Duplex Streams\" shows. The programs are in examples/page."
}

func (c demoCmd) Run(s *session) error {
	if c.Program != "gzip" {
		if err := page.Net(s.out); err != nil {
			return err
		}
	}
	if c.Program != "net" {
		return page.Gzip(s.out)
	}
	return nil
}
