package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// readme returns README.md.
func readme(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// fences returns the fenced blocks of a language.
func fences(text, language string) []string {
	var blocks []string
	for _, m := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(text, -1) {
		blocks = append(blocks, m[1])
	}
	return blocks
}

func TestTheCommandsInTheReadmeWork(t *testing.T) {
	t.Parallel()
	ran := 0
	for _, block := range fences(readme(t), "sh") {
		for line := range strings.Lines(block) {
			line = strings.TrimSpace(line)
			ran++
			if line == "go test ./..." {
				continue // it is what runs this test; .ci/run takes it from here
			}
			out, err := exec.Command("sh", "-ec", "cd ../..; "+line).CombinedOutput()
			if err != nil {
				t.Errorf("%s: %v\n%s", line, err, out)
			}
			if line == "go run ./cmd/duplex demo" && string(out) != netTranscript+gzipTranscript {
				t.Errorf("%s printed:\n%s", line, out)
			}
		}
	}
	if ran < 2 {
		t.Errorf("found %d commands in README.md", ran)
	}
}

func TestTheGoProgramInTheReadmeIsTheExample(t *testing.T) {
	t.Parallel()
	example, err := os.ReadFile("../../examples/page/net.go")
	if err != nil {
		t.Fatal(err)
	}
	blocks := fences(readme(t), "go")
	if len(blocks) == 0 {
		t.Fatal("README.md shows no Go")
	}
	for _, block := range blocks {
		if !strings.Contains(squeeze(string(example)), squeeze(block)) {
			t.Errorf("not in examples/page/net.go:\n%s", block)
		}
	}
}

// squeeze folds white space.
func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }

func TestTheLinksInTheDocumentsLeadSomewhere(t *testing.T) {
	t.Parallel()
	documents, err := filepath.Glob("../../*.md")
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	link := regexp.MustCompile(`\]\(([^)#:\s]+)(#[^)]*)?\)`)
	for _, doc := range append(documents, more...) {
		text, err := os.ReadFile(doc)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(doc), m[1])); err != nil {
				t.Errorf("%s: %v", filepath.Base(doc), err)
			}
		}
	}
}
