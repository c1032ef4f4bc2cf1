package main

import (
	"io"
	"log"
	"runtime"
	"syscall"
	"time"
)

// cost is what one input took.
type cost struct {
	took time.Duration // on the wall
	cpu  time.Duration // of all processors together
	size int           // bytes that came out
}

// side is one encoder or decoder.
type side struct {
	name string
	// run encodes or decodes data, which file holds too. number is the level of an
	// encoder, and how many times over a decoder decodes.
	run func(number int, data []byte, file string) (cost, error)
}

func (s side) called() string { return s.name }

// must is run; it ends the program if that fails.
func (s side) must(number int, data []byte, file string) cost {
	c, err := s.run(number, data, file)
	if err != nil {
		log.Fatalf("%s: %v", s.name, err)
	}
	return c
}

// counter counts what is written to it.
type counter struct{ n int }

func (c *counter) Write(p []byte) (int, error) {
	c.n += len(p)
	return len(p), nil
}

// timed measures what f writes to a counter in this process.
func timed(f func(w io.Writer) error) (cost, error) {
	var c counter
	runtime.GC() // what others have left is not f's
	cpu, began := processorTime(), time.Now()
	if err := f(&c); err != nil {
		return cost{}, err
	}
	return cost{time.Since(began), processorTime() - cpu, c.n}, nil
}

// processorTime is what this process has used so far.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
