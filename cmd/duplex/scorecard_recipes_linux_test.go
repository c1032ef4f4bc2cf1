package main

import "fmt"

// recipe is a pair of addresses, with what is behind them.
type recipe struct {
	name  string
	a, b  address
	stdin int // how much standard input gives, if it is joined

	oneWay string // socat's flag for a pair with a file that is only written: it would read that too, and fail
}

// sizes are how much is sent.
var sizes = []int{0, 1, 1000, 100_000}

// peers are those behaviours that are tried over every kind.
var peers = []struct {
	name  string
	sizes []int
	stdin int // not set: the size
	of    func(n int) behaviour
}{
	{"echo", sizes, 0, func(int) behaviour { return echo }},
	{"greet", sizes, 1000, greet},
	{"count", sizes, 0, func(int) behaviour { return tally }},
}

// servers and listeners are the kinds with somebody of ours behind them.
var (
	servers = []struct {
		name string
		to   func(behaviour) address
	}{{"tcp", tcp}, {"unix", unixSocket}, {"tls", secured}}
	listeners = []struct {
		name string
		to   func(behaviour) address
	}{{"tcp-listen", tcpListen}, {"unix-listen", unixListen}, {"tls-listen", securedListen}}
)

// recipes returns all of them, always in the same order.
func recipes() (all []recipe) {
	add := func(a address, b address, stdin int, format string, args ...any) {
		all = append(all, recipe{name: fmt.Sprintf(format, args...), a: a, b: b, stdin: stdin})
	}
	flag := func(oneWay string) { all[len(all)-1].oneWay = oneWay }

	// Standard input and output with everything.
	for _, p := range peers {
		for _, n := range p.sizes {
			stdin := n
			if p.stdin > 0 {
				stdin = p.stdin
			}
			for _, k := range servers {
				add(stdio, k.to(p.of(n)), stdin, "stdio/%s/%s/%d", k.name, p.name, n)
			}
			for _, k := range listeners {
				add(k.to(p.of(n)), stdio, stdin, "%s/stdio/%s/%d", k.name, p.name, n)
			}
		}
	}
	for _, n := range sizes {
		add(stdio, tcp(leave), n, "stdio/tcp/leave/%d", n)
		add(stdio, unixSocket(leave), n, "stdio/unix/leave/%d", n)
		add(stdio, tcp(reset), n, "stdio/tcp/reset/%d", n)
		add(stdio, secured(reset), n, "stdio/tls/reset/%d", n)
		add(stdio, secured(cut(n)), 1000, "stdio/tls/cut/%d", n)
		add(stdio, command("cat"), n, "stdio/exec/cat/%d", n)
		add(stdio, command("tr a-z A-Z"), n, "stdio/exec/tr/%d", n)
		add(stdio, command("wc -c"), n, "stdio/exec/wc/%d", n)
		add(stdio, fileOf(n), 0, "stdio/file/read/%d", n)
		add(stdio, fileTo(false), n, "stdio/file/create/%d", n)
		flag("-u")
		add(stdio, fileTo(true), n, "stdio/file/append/%d", n)
		flag("-u")
		add(stdio, fifoOf(n), 0, "stdio/pipe/read/%d", n)
		add(stdio, fifoTo, n, "stdio/pipe/write/%d", n)
	}
	// In between, chance says whether the close_notify is still unread.
	for _, n := range []int{0, 100_000} {
		add(stdio, secured(leave), n, "stdio/tls/leave/%d", n)
	}
	for _, n := range []int{1, 1000} {
		for _, k := range servers {
			add(stdio, k.to(tallyLate), n, "stdio/%s/late/%d", k.name, n)
		}
	}
	for _, program := range []string{"true", "false", "seq 1000"} {
		add(stdio, command(program), 0, "stdio/exec/%s", program)
		add(stdio, terminal(program, false), 0, "stdio/pty/%s", program)
		add(stdio, terminal(program, true), 0, "stdio/pty-raw/%s", program)
	}
	add(stdio, terminal("head -n 1", false), 38, "stdio/pty/head/38")
	add(stdio, terminal("wc -c", false), 38, "stdio/pty/wc/38")
	add(stdio, terminal("head -c 1000", true), 1000, "stdio/pty-raw/head/1000")

	// Relays: somebody asks through the tool, and somebody answers.
	for _, n := range sizes[1:] {
		for _, a := range listeners {
			for _, b := range servers {
				add(a.to(greet(n)), b.to(echo), 0, "%s/%s/ask-echo/%d", a.name, b.name, n)
				add(a.to(greet(n)), b.to(tally), 0, "%s/%s/ask-count/%d", a.name, b.name, n)
			}
		}
		add(tcp(greet(n)), tcp(echo), 0, "tcp/tcp/greet-echo/%d", n)
		add(tcp(greet(n)), unixSocket(tally), 0, "tcp/unix/greet-count/%d", n)
		add(tcpListen(greet(n)), command("cat"), 0, "tcp-listen/exec/cat/%d", n)
		add(tcpListen(greet(n)), command("wc -c"), 0, "tcp-listen/exec/wc/%d", n)
		add(tcpListen(greet(n)), tcp(reset), 0, "tcp-listen/tcp/ask-reset/%d", n)
		add(fileOf(n), tcp(drain), 0, "file/tcp/drain/%d", n)
		add(fileOf(n), unixSocket(drain), 0, "file/unix/drain/%d", n)
		add(fileTo(false), tcp(greet(n)), 0, "create/tcp/greet/%d", n)
		flag("-U")
		add(tcpListen(greet(n)), fileTo(true), 0, "tcp-listen/append/%d", n)
		flag("-u")
	}
	return all
}
