package duplex_test

import (
	"bytes"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// drawers are names that say nothing of what is inside.
var drawers = []string{"util", "utils", "common", "helper", "helpers", "misc", "pkg", "shared", "lib"}

// longest is how many lines a file may have.
const (
	longest     = 600
	longestTest = 1200
)

func TestEveryPackageSaysWhatItIsForUnderAProperName(t *testing.T) {
	for _, p := range packages(t, ".", "", "./...") {
		if p.Doc == "" && len(p.GoFiles) > 0 {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
		if name := path.Base(p.ImportPath); slices.Contains(drawers, name) {
			t.Errorf("%s is named after no thing", p.ImportPath)
		}
	}
}

func TestNoFileIsTooLongOrADrawer(t *testing.T) {
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".") && d.Name() != "."):
			return filepath.SkipDir
		case d.IsDir() || filepath.Ext(name) != ".go":
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		most := longest
		if strings.HasSuffix(name, "_test.go") {
			most = longestTest
		}
		if lines := bytes.Count(text, []byte("\n")); lines > most {
			t.Errorf("%s has %d lines, more than %d", name, lines, most)
		}
		if base := strings.TrimSuffix(strings.TrimSuffix(d.Name(), ".go"), "_test"); slices.Contains(drawers, base) {
			t.Errorf("%s is named after no thing", name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
