package main

import (
	"bytes"
	stdgzip "compress/gzip"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/duplex-go/duplex/deflate"
	kgzip "github.com/klauspost/compress/gzip"
)

// result is one measured compression.
type result struct {
	took time.Duration // on the wall
	cpu  time.Duration // of all processors together
	size int
}

// peer is one compressor. file holds the same bytes as data.
type peer struct {
	name string
	run  func(level int, data []byte, file string) (result, error)
}

// counter counts what is written to it.
type counter struct{ n int }

func (c *counter) Write(p []byte) (int, error) {
	c.n += len(p)
	return len(p), nil
}

// inProcess measures a Go encoder on one write.
func inProcess(open func(level int, w io.Writer) (io.WriteCloser, error)) func(int, []byte, string) (result, error) {
	return func(level int, data []byte, _ string) (result, error) {
		var c counter
		runtime.GC()
		cpu := processorTime()
		start := time.Now()
		w, err := open(level, &c)
		if err != nil {
			return result{}, err
		}
		if _, err := w.Write(data); err != nil {
			return result{}, err
		}
		if err := w.Close(); err != nil {
			return result{}, err
		}
		return result{time.Since(start), processorTime() - cpu, c.n}, nil
	}
}

// processorTime is what this process has used so far.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// printed measures a process that prints its own nanoseconds, on the wall and
// of the processor, and its output size.
func printed(cmd func(level int, file string) *exec.Cmd) func(int, []byte, string) (result, error) {
	return func(level int, _ []byte, file string) (result, error) {
		c := cmd(level, file)
		c.Stderr = os.Stderr
		out, err := c.Output()
		if err != nil {
			return result{}, fmt.Errorf("%v: %w", c.Args, err)
		}
		f := strings.Fields(string(out))
		ns, err := strconv.ParseInt(f[0], 10, 64)
		if err != nil {
			return result{}, err
		}
		cpu, err := strconv.ParseInt(f[1], 10, 64)
		if err != nil {
			return result{}, err
		}
		size, err := strconv.Atoi(f[2])
		return result{time.Duration(ns), time.Duration(cpu), size}, err
	}
}

// nodeScript times createGzip on one file, fed in pieces of 64 KiB.
const nodeScript = `
const {createGzip}=require('zlib'),data=require('fs').readFileSync(process.argv[2]);
const cpu=process.cpuUsage(),start=process.hrtime.bigint(),z=createGzip({level:+process.argv[1]});let size=0;
z.on('data',c=>size+=c.length).on('end',()=>{const u=process.cpuUsage(cpu);console.log(String(process.hrtime.bigint()-start),(u.user+u.system)*1000,size)});
let at=0;(function next(){while(at<data.length){const c=data.subarray(at,at+65536);at+=65536;if(!z.write(c)){z.once('drain',next);return}}z.end()})()`

// peers returns everything that can be measured on this machine, zlib first.
// dir is for the driver built here.
func peers(dir string) ([]peer, error) {
	driver := filepath.Join(dir, "zlibspeed")
	if out, err := exec.Command("cc", "-O2", "-o", driver, filepath.Join("testdata", "zlibspeed.c"), "-lz").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("cc zlibspeed.c: %v\n%s", err, out)
	}
	ours := func(parallel int) func(int, []byte, string) (result, error) {
		return inProcess(func(level int, w io.Writer) (io.WriteCloser, error) {
			return deflate.NewWriter(w, deflate.Options{Format: deflate.Gzip, Level: deflate.Level(level), Parallel: parallel})
		})
	}
	list := []peer{
		{"zlib", printed(func(level int, file string) *exec.Cmd {
			return exec.Command(driver, strconv.Itoa(level), file)
		})},
		{"duplex", ours(1)},
		{"duplex-2", ours(2)},
		{"go", inProcess(func(level int, w io.Writer) (io.WriteCloser, error) { return stdgzip.NewWriterLevel(w, level) })},
		{"klauspost", inProcess(func(level int, w io.Writer) (io.WriteCloser, error) { return kgzip.NewWriterLevel(w, level) })},
	}
	if node, err := exec.LookPath("node"); err == nil {
		list = append(list, peer{"node", printed(func(level int, file string) *exec.Cmd {
			return exec.Command(node, "-e", nodeScript, strconv.Itoa(level), file)
		})})
	}
	if pigz, err := exec.LookPath("pigz"); err == nil {
		list = append(list, peer{"pigz-2", func(level int, data []byte, file string) (result, error) {
			var out bytes.Buffer
			c := exec.Command(pigz, "-p", "2", "-c", "-"+strconv.Itoa(level), file)
			c.Stdout = &out
			start := time.Now()
			if err := c.Run(); err != nil {
				return result{}, err
			}
			took := time.Since(start)
			return result{took, c.ProcessState.UserTime() + c.ProcessState.SystemTime(), out.Len()}, nil
		}})
	}
	return list, nil
}
