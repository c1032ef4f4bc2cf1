package main

import (
	"strings"

	"github.com/duplex-go/duplex/internal/printable"
	"github.com/duplex-go/duplex/internal/redact"
)

// reason returns err as what follows the command's name, or what failed, in a
// line: errors of the library begin with that name themselves.
func reason(err error) string {
	return oneLine(strings.TrimPrefix(err.Error(), "duplex: "))
}

// record returns err as the value of an attribute of a log, which escapes it.
func record(err error) string {
	if err == nil {
		return ""
	}
	return redact.Text(err.Error())
}

// oneLine returns text as what is safe to print in a line of its own: a peer may
// have chosen parts of it, and must not be able to begin another line with them,
// or to speak to the terminal; and what quotes a command line may hold its
// secrets.
func oneLine(text string) string { return printable.Escape(redact.Text(text), "") }
