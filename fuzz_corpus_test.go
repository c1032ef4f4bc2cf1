package duplex_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestR42_EveryFuzzTargetLoadsItsCorpus finds every fuzz target of the module and
// requires at least five seeds on disk that have the arguments of the target.
func TestR42_EveryFuzzTargetLoadsItsCorpus(t *testing.T) {
	targets := fuzzTargets(t)
	if len(targets) < 7 {
		t.Errorf("only %d fuzz targets found: %v", len(targets), targets)
	}
	for _, target := range targets {
		t.Run(target.dir+"/"+target.name, func(t *testing.T) {
			dir := filepath.Join(target.dir, "testdata", "fuzz", target.name)
			files, _ := os.ReadDir(dir)
			if len(files) < 5 {
				t.Errorf("%d seeds in %s, want 5", len(files), dir)
			}
			for _, file := range files {
				text, err := os.ReadFile(filepath.Join(dir, file.Name()))
				noError(t, err)
				if err := checkSeed(string(text), target.args); err != nil {
					t.Errorf("%s: %v", file.Name(), err)
				}
			}
		})
	}
}

// fuzzTarget is a fuzz target and the types of its arguments.
type fuzzTarget struct {
	dir, name string
	args      []string
}

// fuzzTargets returns those of the module; a directory with a go.mod of its own
// is another one.
func fuzzTargets(t *testing.T) (targets []fuzzTarget) {
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			_, err := os.Stat(filepath.Join(path, "go.mod"))
			if path != "." && (err == nil || d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".")) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Fuzz") {
				targets = append(targets, fuzzTarget{filepath.Dir(path), f.Name.Name, fuzzArguments(f)})
			}
		}
		return nil
	})
	noError(t, err)
	return targets
}

// fuzzArguments returns the types of what f fuzzes: the parameters of the
// function that it gives to Fuzz, but for the first.
func fuzzArguments(f *ast.FuncDecl) (args []string) {
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) != 1 {
			return true
		}
		method, ok := call.Fun.(*ast.SelectorExpr)
		fuzzed, isFunc := call.Args[0].(*ast.FuncLit)
		if !ok || !isFunc || method.Sel.Name != "Fuzz" {
			return true
		}
		for _, field := range fuzzed.Type.Params.List[1:] {
			for range max(1, len(field.Names)) {
				args = append(args, typeName(field.Type))
			}
		}
		return false
	})
	return args
}

// typeName returns what corpus files call a type.
func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		if name, ok := map[string]string{"uint8": "byte", "int32": "rune"}[e.Name]; ok {
			return name
		}
		return e.Name
	case *ast.ArrayType:
		return "[]" + typeName(e.Elt)
	}
	return fmt.Sprintf("%T", e)
}

// checkSeed says what is wrong with a corpus file for these arguments.
func checkSeed(text string, args []string) error {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if lines[0] != "go test fuzz v1" {
		return fmt.Errorf("begins with %q", lines[0])
	}
	if lines = lines[1:]; len(lines) != len(args) {
		return fmt.Errorf("has %d values, the target %d arguments", len(lines), len(args))
	}
	for i, line := range lines {
		e, err := parser.ParseExpr(line)
		if err != nil {
			return err
		}
		call, ok := e.(*ast.CallExpr)
		if !ok || len(call.Args) != 1 || typeName(call.Fun) != args[i] {
			return fmt.Errorf("value %d is no %s: %.40s", i, args[i], line)
		}
	}
	return nil
}
