package load

import (
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"
)

// Via starts something that joins connections to the port back, and returns its
// address and the process that can be asked for its memory.
type Via func(back string) (addr string, pid int, stop func(), err error)

// through serves with f behind via, and calls load with its address.
func (via Via) through(f func(c *net.TCPConn) error, load func(addr string, pid int) error) error {
	back, stop, err := Serve(f)
	if err != nil {
		return err
	}
	defer stop()
	addr, pid, end, err := via(back)
	if err != nil {
		return err
	}
	defer end()
	return load(addr, pid)
}

// chunk is what Bulk sends and reads at once.
const chunk = 256 << 10

// Bulk sends size bytes through via, and as many back at once if both is set,
// and returns how many MB a second went each way.
func Bulk(via Via, size int64, both bool) (rate float64, err error) {
	back := int64(0)
	if both {
		back = size
	}
	serve := func(c *net.TCPConn) error {
		sent := make(chan error, 1)
		go func() { sent <- send(c, back) }()
		err := take(c, size)
		return errors.Join(err, <-sent, c.CloseWrite()) // the end says that all has arrived
	}
	err = via.through(serve, func(addr string, _ int) error {
		c, err := Connect(addr)
		if err != nil {
			return err
		}
		defer c.Close()
		began := time.Now()
		sent := make(chan error, 1)
		go func() { sent <- errors.Join(send(c, size), c.CloseWrite()) }()
		err = errors.Join(take(c, back), <-sent)
		rate = float64(size) / 1e6 / time.Since(began).Seconds()
		return err
	})
	return rate, err
}

func send(c net.Conn, size int64) error {
	p := make([]byte, chunk)
	for size > 0 {
		n, err := c.Write(p[:min(size, chunk)])
		if err != nil {
			return err
		}
		size -= int64(n)
	}
	return nil
}

// take reads to the end, before which size bytes must have come.
func take(c net.Conn, size int64) error {
	p := make([]byte, chunk)
	var got int64
	for {
		n, err := c.Read(p)
		got += int64(n)
		if err == io.EOF && got == size {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%d of %d bytes: %w", got, size, err)
		}
	}
}

// warm is how many round trips find everything cold, and are not counted.
const warm = 20

// PingPong sends messages to and fro through via, on each of conns connections,
// and returns the median of how long one took and what 99 of 100 took at most, in
// µs.
func PingPong(via Via, size, conns, trips int) (half, most float64, err error) {
	err = via.through(echo(size), func(addr string, _ int) error {
		var clients sync.WaitGroup
		took := make([][]float64, conns)
		failed := make([]error, conns)
		for i := range conns {
			clients.Go(func() { took[i], failed[i] = timeTrips(addr, size, trips/conns) })
		}
		clients.Wait()
		all := slices.Sorted(slices.Values(slices.Concat(took...)))
		if len(all) > 0 {
			half, most = all[len(all)/2], all[len(all)*99/100]
		}
		return firstOf(failed)
	})
	return half, most, err
}

// echo sends back messages of so many bytes.
func echo(size int) func(c *net.TCPConn) error {
	return func(c *net.TCPConn) error {
		p := make([]byte, size)
		for {
			if _, err := io.ReadFull(c, p); err != nil {
				return err
			}
			if _, err := c.Write(p); err != nil {
				return err
			}
		}
	}
}

// timeTrips returns how long each of the round trips took, in µs.
func timeTrips(addr string, size, trips int) (took []float64, err error) {
	c, err := Connect(addr)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	out, in := make([]byte, size), make([]byte, size)
	for i := range trips + warm {
		began := time.Now()
		if err := trip(c, out, in); err != nil {
			return nil, err
		}
		if i >= warm {
			took = append(took, float64(time.Since(began).Nanoseconds())/1e3)
		}
	}
	return took, nil
}

// IdlePairs opens so many pairs through via, moves a byte on each and returns
// what one costs in memory then, in KiB, as [Memory] has it.
func IdlePairs(via Via, pairs int) (each float64, err error) {
	err = via.through(echo(1), func(addr string, pid int) error {
		conns := make([]net.Conn, 0, pairs)
		defer func() {
			for _, c := range conns {
				_ = c.Close()
			}
		}()
		open := func() (net.Conn, error) {
			c, err := Connect(addr)
			if err != nil {
				return nil, err
			}
			return c, trip(c, make([]byte, 1), make([]byte, 1))
		}
		first, err := open()
		if err != nil {
			return err
		}
		_ = first.Close()
		before, err := Memory(pid)
		if err != nil {
			return err
		}
		for range pairs {
			c, err := open()
			if err != nil {
				return err
			}
			conns = append(conns, c)
		}
		time.Sleep(500 * time.Millisecond) // what is only on its way goes
		after, err := Memory(pid)
		each = float64(after-before) / float64(pairs)
		return err
	})
	return each, err
}
