package endpoint

import (
	"errors"
	"os"
	"os/signal"
	"sync"

	"golang.org/x/term"
)

// rawTerminal is what is to be done to take the terminal back out of raw mode.
var rawTerminal struct {
	mu      sync.Mutex
	state   *term.State // nil if it is not raw
	deaths  chan os.Signal
	stopped chan struct{}
}

// RestoreTerminal takes the terminal at standard input back out of raw mode, if
// an endpoint with the option raw has put it there. The endpoint's Close does
// so, and SIGHUP and SIGQUIT do before they end the program. A program that
// leaves in another way, by os.Exit in the middle of it all or by a signal that
// it handles itself, calls this first.
func RestoreTerminal() {
	rawTerminal.mu.Lock()
	state, deaths, stopped := rawTerminal.state, rawTerminal.deaths, rawTerminal.stopped
	if state != nil {
		_ = term.Restore(int(os.Stdin.Fd()), state) // fails if there is no terminal any more
	}
	rawTerminal.state, rawTerminal.deaths = nil, nil
	rawTerminal.mu.Unlock()
	if deaths != nil {
		signal.Stop(deaths)
		close(deaths)
		<-stopped
	}
}

// IsTerminal reports whether standard input is a terminal, so that the option
// raw of "-" works.
func IsTerminal() bool { return term.IsTerminal(int(os.Stdin.Fd())) }

// makeRaw puts the terminal at standard input in raw mode until
// RestoreTerminal.
func makeRaw() error {
	if !IsTerminal() {
		return errors.New("option raw: standard input is no terminal")
	}
	rawTerminal.mu.Lock()
	defer rawTerminal.mu.Unlock()
	if rawTerminal.state != nil {
		return errors.New("option raw: the terminal is in raw mode already")
	}
	state, err := term.MakeRaw(int(os.Stdin.Fd()))
	if err != nil {
		return err
	}
	deaths, stopped := make(chan os.Signal, 1), make(chan struct{})
	rawTerminal.state, rawTerminal.deaths, rawTerminal.stopped = state, deaths, stopped
	if len(deadlySignals) > 0 {
		signal.Notify(deaths, deadlySignals...)
	}
	go func() {
		death, died := <-deaths
		close(stopped)
		if died {
			RestoreTerminal()
			raise(death)
		}
	}()
	return nil
}
