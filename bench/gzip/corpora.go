package main

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/duplex-go/duplex/internal/load"
)

// corpus is one kind of input.
type corpus struct {
	name string
	data []byte
}

// goroot is where the Go that runs this lives.
func goroot() (string, error) {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	return strings.TrimSpace(string(out)), err
}

// corpora returns n bytes of each kind: source text is Go's own, binaries are
// the go command's, and logs are made from a fixed seed.
func corpora(n int) ([]corpus, error) {
	root, err := goroot()
	if err != nil {
		return nil, err
	}
	var source bytes.Buffer
	err = filepath.WalkDir(filepath.Join(root, "src", "net"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || source.Len() >= n {
			return err
		}
		data, err := os.ReadFile(path)
		source.Write(data)
		return err
	})
	if err != nil {
		return nil, err
	}
	binary, err := os.ReadFile(filepath.Join(root, "bin", "go"))
	if err != nil {
		return nil, err
	}
	cut := func(b []byte) []byte { return b[:min(n, len(b))] }
	return []corpus{
		{"source", cut(source.Bytes())},
		{"logs", cut(load.Logs(n))},
		{"binary", cut(binary)},
	}, nil
}
