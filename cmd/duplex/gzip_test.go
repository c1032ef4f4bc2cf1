package main

import (
	"bytes"
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// tool gives a program its input and returns what it writes, its exit code and
// what it says.
func tool(t *testing.T, in []byte, args ...string) (out []byte, code int, said string) {
	t.Helper()
	cmd := exec.Command(peer(t, args[0]), args[1:]...)
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), &stderr
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out, cmd.ProcessState.ExitCode(), stderr.String()
}

// TestR81_GzipToolsReadOurs has them read members of ours, one or several, and
// refuse what is not whole.
func TestR81_GzipToolsReadOurs(t *testing.T) {
	t.Parallel()
	data := prose(100_000)
	one, _, _ := through(t, bytes.NewReader(data), "gzip")
	parallel, _, _ := through(t, bytes.NewReader(data), "gzip:parallel=3")
	fast, _, _ := through(t, bytes.NewReader(data), "gzip:fast")
	empty, _, _ := through(t, strings.NewReader(""), "gzip")
	wrong := slices.Clone(one)
	wrong[len(wrong)-6] ^= 1 // its checksum
	for _, program := range [][]string{{"gzip", "-dc"}, {"zcat"}, {"pigz", "-dc"}} {
		for name, c := range map[string]struct {
			in, want []byte
			fails    bool
		}{
			"a member":         {one, data, false},
			"made in parallel": {parallel, data, false},
			"made fast":        {fast, data, false},
			"three members":    {slices.Concat(one, empty, fast), slices.Concat(data, data), false},
			"a cut member":     {one[:len(one)-9], data, true},
			"a cut trailer":    {one[:len(one)-1], data, true},
			"a wrong checksum": {wrong, data, true},
		} {
			out, code, said := tool(t, c.in, program...)
			if (code != 0) != c.fails || !c.fails && !bytes.Equal(out, c.want) || c.fails && !bytes.HasPrefix(c.want, out) {
				t.Errorf("%v of %s: exit %d, %d bytes, %s", program, name, code, len(out), said)
			}
		}
	}
}

// TestR81_WeReadGzipTools is the same the other way round. What stands behind a
// member and is none is an error for us, where gzip warns.
func TestR81_WeReadGzipTools(t *testing.T) {
	t.Parallel()
	data := prose(100_000)
	for _, program := range [][]string{{"gzip", "-c"}, {"gzip", "-1c"}, {"pigz", "-c"}, {"pigz", "-11c"}, {"pigz", "-cp3", "-b128"}, {"pigz", "-ci"}} {
		coded, code, said := tool(t, data, program...)
		if code != 0 {
			t.Fatalf("%v: %s", program, said)
		}
		for name, c := range map[string]struct {
			in, want []byte
			fails    bool
		}{
			"a member":      {coded, data, false},
			"three members": {slices.Concat(coded, coded, coded), slices.Concat(data, data, data), false},
			"a cut member":  {coded[:len(coded)-9], data, true},
			"a cut trailer": {coded[:len(coded)-1], data, true},
			"garbage after": {slices.Concat(coded, []byte("garbage")), data, true},
		} {
			out, log, code := through(t, bytes.NewReader(c.in), "gunzip")
			if (code != 0) != c.fails || !c.fails && !bytes.Equal(out, c.want) || c.fails && (!bytes.HasPrefix(c.want, out) || strings.Count(log, "\n") != 1) {
				t.Errorf("%s of %v: exit %d, %d bytes, %s", name, program, code, len(out), log)
			}
		}
	}
}
