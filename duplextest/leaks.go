package duplextest

import (
	"bytes"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// NoLeaks fails t if at its end goroutines or descriptors are left that were
// not there when NoLeaks was called. It gives them four seconds to go. Call it
// first, so that what else the test cleans up is cleaned up before.
//
// It looks at the whole process, so other tests must not run at the same time.
// Descriptors are looked at on Linux only. A test that has failed already gets
// no such check, and one inside testing/synctest needs none: its bubble lets no
// goroutine stay.
func NoLeaks(t testing.TB) {
	t.Helper()
	files := descriptors()
	running := goroutines()
	t.Cleanup(func() {
		t.Helper()
		if t.Failed() {
			return
		}
		left := whatIsLeft(running, files)
		for delay := time.Millisecond; len(left) > 0; delay *= 2 {
			if delay > 2*time.Second {
				t.Errorf("duplextest: left behind:\n%s", strings.Join(left, "\n"))
				return
			}
			time.Sleep(delay)
			if strings.Contains(strings.Join(left, "\n"), "pipe:") {
				runtime.GC() // closes the pipes of splice, which package net keeps for later
			}
			left = whatIsLeft(running, files)
		}
	})
}

// whatIsLeft describes what was not there before.
func whatIsLeft(running map[int]string, files map[string]string) []string {
	var left []string
	now := goroutines()
	for _, id := range slices.Sorted(maps.Keys(now)) {
		if _, was := running[id]; !was {
			left = append(left, now[id])
		}
	}
	for fd, what := range descriptors() {
		if files[fd] != what {
			left = append(left, fmt.Sprintf("descriptor %s: %s", fd, what))
		}
	}
	return left
}

// goroutines returns the stacks of all goroutines but the caller's, by id.
func goroutines() map[int]string {
	buf := make([]byte, 64<<10)
	for {
		n := runtime.Stack(buf, true)
		if n < len(buf) {
			buf = buf[:n]
			break
		}
		buf = make([]byte, 2*len(buf))
	}
	stacks := bytes.Split(buf, []byte("\n\n"))[1:] // the first is the caller's
	all := make(map[int]string, len(stacks))
	for _, stack := range stacks {
		head, _, _ := strings.Cut(strings.TrimPrefix(string(stack), "goroutine "), " ")
		id, err := strconv.Atoi(head)
		if err != nil || ofTheRuntime(stack) {
			continue
		}
		all[id] = string(stack)
	}
	return all
}

// ofTheRuntime reports whether nobody's code started a goroutine.
func ofTheRuntime(stack []byte) bool {
	for _, f := range []string{"runtime.runFinalizers", "runtime.runfinq", "runtime.runCleanups", "os/signal.signal_recv"} {
		if bytes.Contains(stack, []byte(f)) {
			return true
		}
	}
	return false
}
