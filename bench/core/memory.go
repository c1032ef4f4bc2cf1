package main

import (
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/duplex-go/duplex"
)

// stream is a stream in memory, as io.Copy is to see it: with whatever its sides
// have beside Read and Write.
type stream struct {
	w   io.Writer
	end func() error
	r   io.Reader
}

func pipe() stream {
	r, w := io.Pipe()
	return stream{w, w.Close, r}
}

func pair() stream {
	near, far := duplex.Pair()
	return stream{near, near.CloseWrite, far}
}

// copied moves through streams that io.Copy stands between. One alone is read into
// a buffer; several end, as a pipeline does, in a writer that io.Copy writes to.
func copied(open func() stream, streams, size, writes int) time.Duration {
	first := open()
	last := first
	var done sync.WaitGroup
	began := time.Now()
	for range streams - 1 {
		from, to := last, open()
		last = to
		done.Go(func() {
			_, err := io.Copy(to.w, from.r)
			must(err)
			_ = to.end()
		})
	}
	done.Go(func() {
		p := make([]byte, size)
		for range writes {
			if _, err := first.w.Write(p); err != nil {
				log.Fatal(err)
			}
		}
		_ = first.end()
	})
	var got counter
	if streams > 1 {
		_, err := io.Copy(&got, last.r)
		must(err)
	} else {
		must(got.read(last.r, size))
	}
	done.Wait()
	check(int(got), size*writes)
	return time.Since(began)
}

// counter counts the bytes that reach it.
type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// read reads r to its end, size bytes at a time.
func (c *counter) read(r io.Reader, size int) error {
	p := make([]byte, size)
	for {
		n, err := r.Read(p)
		*c += counter(n)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// must ends the program if err is one.
func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// channels moves through channels of 16 slices, which are handed on. If whoever
// writes uses his own slice again, as one may after a Write, each write makes one.
func channels(again bool, streams, size, writes int) time.Duration {
	first := make(chan []byte, 16)
	last := first
	var done sync.WaitGroup
	began := time.Now()
	for range streams - 1 {
		from, to := last, make(chan []byte, 16)
		last = to
		done.Go(func() {
			for p := range from {
				to <- p
			}
			close(to)
		})
	}
	done.Go(func() {
		p := make([]byte, size)
		for range writes {
			if again {
				first <- slices.Clone(p)
			} else {
				first <- p
			}
		}
		close(first)
	})
	got := 0
	for p := range last {
		got += len(p)
	}
	done.Wait()
	check(got, size*writes)
	return time.Since(began)
}

// piped has Node move, which says how many nanoseconds it took.
func piped(node string, streams, size, writes int) (time.Duration, error) {
	cmd := exec.Command(node, "core/peers/core.js", strconv.Itoa(streams), strconv.Itoa(size), strconv.Itoa(writes))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return 0, fmt.Errorf("%v: %w", cmd.Args, err)
	}
	var took time.Duration
	var got int
	if _, err := fmt.Sscan(string(out), &took, &got); err != nil {
		return 0, fmt.Errorf("%v prints %q: %w", cmd.Args, out, err)
	}
	check(got, size*writes)
	return took, nil
}

// check ends the program unless all has arrived.
func check(got, want int) {
	if got != want {
		log.Fatalf("%d bytes arrived of %d", got, want)
	}
}
