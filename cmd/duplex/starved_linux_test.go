package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// R26: with few descriptors and many more connections than they are for, the
// command neither ends nor spins, and serves again once there are some.
func TestR26_LackOfDescriptorsIsWaitedOut(t *testing.T) {
	t.Parallel()
	descriptors, connections := 64, 500
	if os.Getenv("DUPLEX_FULL") != "" {
		descriptors, connections = 256, 4_000 // more than that the kernel does not queue, and a dial waits minutes
	}
	back := serveFunc(t, func(c *net.TCPConn) { _, _ = io.Copy(c, c) })
	for name, command := range map[string]string{
		"echo": "echo tcp://127.0.0.1:0 --max-conns=-1",
		"join": "join listen:tcp://127.0.0.1:0,fork,max=0 " + back,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, nil, "/bin/sh", "-c", fmt.Sprintf("ulimit -n %d; exec %s %s", descriptors, duplexBin, command))
			line := p.log.line("listening on ")
			url := strings.TrimPrefix(line, "listening on ")
			if line == "" {
				t.Fatalf("it does not listen: %s", p.log)
			}
			var held []io.Closer
			for range connections {
				// One that was accepted with the last descriptor has none left to
				// be joined with, and is reset.
				if c, err := net.Dial("tcp", strings.TrimPrefix(url, "tcp://")); err == nil {
					held = append(held, c)
				}
			}
			if len(held) < connections/2 {
				t.Errorf("%d of %d connected", len(held), connections)
			}
			if p.log.line("duplex: accept on ") == "" {
				t.Fatalf("it ended while it was starved: %s", p.log)
			}
			// What a process uses does not depend on what others do, so that a spin
			// shows however slow the machine is. It may have some connections to
			// refuse first.
			share := 1.0
			for range 10 {
				began, used := time.Now(), cpuTime(t, p.cmd.Process.Pid)
				for time.Since(began) < time.Second {
					time.Sleep(50 * time.Millisecond) // the time that is looked at
				}
				share = float64(cpuTime(t, p.cmd.Process.Pid)-used) / float64(time.Since(began))
				if share < 0.1 {
					break
				}
			}
			if share >= 0.1 {
				t.Errorf("it uses %.0f %% of a processor while it is starved", 100*share)
			}
			for _, c := range held {
				_ = c.Close()
			}
			served := dial(t, url)
			if _, err := served.Write([]byte("again")); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(served, make([]byte, 5)); err != nil {
				t.Errorf("after the relief: %v\n%s", err, p.log)
			}
		})
	}
}

// cpuTime returns the processor time that a process has used.
func cpuTime(t *testing.T, pid int) time.Duration {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	var user, system int64 // in hundredths of a second
	if _, err := fmt.Sscan(fields[11]+" "+fields[12], &user, &system); err != nil {
		t.Fatal(err)
	}
	return time.Duration(user+system) * 10 * time.Millisecond
}
