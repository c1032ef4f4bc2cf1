package compress_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os/exec"
	"testing"
)

// nodeProcess is a running program of JavaScript with pipes to it.
type nodeProcess struct {
	t      testing.TB
	stdin  io.WriteCloser
	stdout *bufio.Reader
}

// startNode starts a program of JavaScript, which the test waits for in the
// end; it must end by itself when its standard input does.
func startNode(t testing.TB, script string) *nodeProcess {
	t.Helper()
	cmd := exec.Command(program(t, "node"), "-e", "const zlib=require('zlib'),net=require('net');"+script)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("node: %v\n%s", err, stderr.Bytes())
		}
	})
	return &nodeProcess{t, in, bufio.NewReader(out)}
}

// startNodeAnswering starts a Node that answers eval and stream.
func startNodeAnswering(t testing.TB) *nodeProcess {
	t.Helper()
	return startNode(t, `
		const answer = v => console.log(JSON.stringify(v));
		const bytes = s => Buffer.from(s || '', 'base64');
		const evaluate = r => {
			const input = bytes(r.Input);
			let out = Buffer.alloc(0), err = '';
			try { out = eval(r.Eval); } catch (e) { err = e.code || String(e); }
			answer({Out: out.toString('base64'), Err: err});
		};
		const stream = r => {
			const z = eval(r.Eval), out = [], v = {Err: '', End: false};
			z.on('data', d => out.push(d));
			z.on('end', () => { v.End = true; });
			z.on('error', e => { v.Err = e.code; });
			z.on('close', () => {
				v.Out = Buffer.concat(out).toString('base64');
				v.Used = z.bytesWritten;
				answer(v);
			});
			const next = () => {
				if (z.destroyed) return;
				const p = r.Pieces.shift();
				if (p === undefined) return z.end();
				z.write(bytes(p), next);
			};
			next();
		};
		require('readline').createInterface({input: process.stdin}).on('line', line => {
			const r = JSON.parse(line);
			(r.Pieces ? stream : evaluate)(r);
		});
	`)
}

// nodeVerdict is how Node took an input.
type nodeVerdict struct {
	Out  []byte
	Used int    // bytes of input that the engine consumed
	Err  string // the error's code, or nothing
	End  bool   // it ended
}

func (p *nodeProcess) ask(request any) (v nodeVerdict) {
	p.t.Helper()
	line, err := json.Marshal(request)
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := p.stdin.Write(append(line, '\n')); err != nil {
		p.t.Fatal(err)
	}
	answer, err := p.stdout.ReadBytes('\n')
	if err != nil {
		p.t.Fatal(err)
	}
	if err := json.Unmarshal(answer, &v); err != nil {
		p.t.Fatalf("node: %v: %s", err, answer)
	}
	return v
}

// stream gives pieces to the stream that create makes, as a JavaScript
// expression, one write each, and ends it.
func (p *nodeProcess) stream(create string, pieces ...[]byte) nodeVerdict {
	p.t.Helper()
	return p.ask(struct {
		Eval   string
		Pieces [][]byte
	}{create, pieces})
}

// try evaluates a JavaScript expression in which input is a Buffer of in; it
// returns the Buffer that comes out, or the code of the error.
func (p *nodeProcess) try(expression string, in []byte) ([]byte, string) {
	p.t.Helper()
	v := p.ask(struct {
		Eval  string
		Input []byte
	}{expression, in})
	return v.Out, v.Err
}

// eval is try for what must not fail.
func (p *nodeProcess) eval(expression string, in []byte) []byte {
	p.t.Helper()
	out, err := p.try(expression, in)
	if err != "" {
		p.t.Fatalf("node: %s: %s", expression, err)
	}
	return out
}

// coded returns what one of zlib's synchronous functions makes of in.
func (p *nodeProcess) coded(function string, in []byte) []byte {
	p.t.Helper()
	return p.eval("zlib."+function+"(input)", in)
}
