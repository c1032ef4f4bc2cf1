package duplex_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// docs/node.md promises that its snippets compile and that every name in it
// exists. These tests keep the promise.

const nodeDoc = "docs/node.md"

// nodeDocPackages are the packages that docs/node.md speaks of, by the name
// it calls them.
var nodeDocPackages = func() map[string]string {
	byName := make(map[string]string)
	for _, path := range []string{
		"github.com/duplex-go/duplex", "github.com/duplex-go/duplex/compress", "github.com/duplex-go/duplex/deflate",
		"bufio", "bytes", "compress/gzip", "context", "crypto/sha256", "crypto/tls", "encoding/json", "errors", "fmt",
		"hash", "hash/crc32", "io", "iter", "log", "net", "net/http/httptrace", "net/netip", "os", "strings", "syscall", "time",
	} {
		byName[path[strings.LastIndexByte(path, '/')+1:]] = path
	}
	return byName
}()

// nodeDocNames is what the snippets take as given.
const nodeDocNames = `
	ctx context.Context, s duplex.Stream, a, b, conn, c *duplex.Conn, h duplex.Handler, srv *duplex.Server,
	r io.Reader, w, out io.Writer, p []byte, v any, l net.Listener, d net.Dialer, ips []netip.Addr, all error,
	addr, port, path string, serverBeat time.Duration, seq iter.Seq2[[]byte, error],
	dial func(context.Context) (duplex.Stream, error), use func(net.Conn) error`

// nodeImporter reads the packages as the go command has built them.
func nodeImporter(t *testing.T, fset *token.FileSet) types.Importer {
	t.Helper()
	args := []string{"list", "-export", "-deps", "-f", "{{.ImportPath}}\t{{.Export}}"}
	for _, path := range nodeDocPackages {
		args = append(args, path)
	}
	cmd := exec.Command("go", args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	list, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &stderr)
	}
	files := make(map[string]string)
	for line := range strings.Lines(string(list)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), "\t")
		files[path] = file
	}
	return importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(files[path]) })
}

func readNodeDoc(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(nodeDoc)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// nodeSnippet is a fence of Go.
type nodeSnippet struct {
	line int // of its first line in the document
	code string
}

var goFence = regexp.MustCompile("(?ms)^( *)```go\n(.*?)^ *```$")

func nodeSnippets(doc string) (snippets []nodeSnippet) {
	for _, m := range goFence.FindAllStringSubmatchIndex(doc, -1) {
		indent, code := doc[m[2]:m[3]], doc[m[4]:m[5]]
		code = strings.ReplaceAll("\n"+code, "\n"+indent, "\n")[1:]
		snippets = append(snippets, nodeSnippet{1 + strings.Count(doc[:m[4]], "\n"), code})
	}
	return snippets
}

// check type-checks a snippet in a function of its own. Unused results are
// left to the reader.
func (s nodeSnippet) check(fset *token.FileSet, imports types.Importer) (errs []error) {
	body := fmt.Sprintf("func _(%s) (err error) {\n{\n//line %s:%d\n%s\n}\nreturn nil\n}\n", nodeDocNames, nodeDoc, s.line, s.code)
	header := "package snippet\n"
	for name, path := range nodeDocPackages {
		if regexp.MustCompile(`\b` + name + `\.`).MatchString(body) {
			header += fmt.Sprintf("import %q\n", path)
		}
	}
	file, err := parser.ParseFile(fset, "snippet.go", header+body, 0)
	if err != nil {
		return []error{err}
	}
	config := types.Config{Importer: imports, Error: func(err error) {
		if !strings.Contains(err.Error(), "declared and not used") {
			errs = append(errs, err)
		}
	}}
	_, _ = config.Check("snippet", fset, []*ast.File{file}, nil)
	return errs
}

func TestNodeDocSnippetsCompile(t *testing.T) {
	fset := token.NewFileSet()
	imports := nodeImporter(t, fset)
	doc := readNodeDoc(t)
	snippets := nodeSnippets(doc)
	if n := strings.Count(doc, "```go"); n != len(snippets) || n == 0 {
		t.Fatalf("%d of %d snippets were found", len(snippets), n)
	}
	for _, s := range snippets {
		for _, err := range s.check(fset, imports) {
			t.Error(err)
		}
	}
	// The check itself must fail where there is something wrong.
	for _, wrong := range []string{"duplex.Nothing(ctx)", "err := duplex.Join(ctx, s, s)", "var x int = p", "if {"} {
		if len((nodeSnippet{1, wrong}).check(fset, imports)) == 0 {
			t.Errorf("no error is found in %q", wrong)
		}
	}
}

// A row's snippet has at most three lines of its own; the page's server is a
// program.
func TestNodeDocSnippetsAreShort(t *testing.T) {
	for i, s := range nodeSnippets(readNodeDoc(t)) {
		if n := strings.Count(s.code, "\n"); n > 3 && i > 0 {
			t.Errorf("%s:%d: a snippet of %d lines", nodeDoc, s.line, n)
		}
	}
}

func TestNodeDocServerIsThePagesProgram(t *testing.T) {
	program, err := os.ReadFile("examples/page/net.go")
	if err != nil {
		t.Fatal(err)
	}
	fold := func(code string) string { return strings.Join(strings.Fields(code), " ") }
	server := nodeSnippets(readNodeDoc(t))[0]
	if !strings.Contains(fold(string(program)), fold(server.code)) {
		t.Errorf("%s:%d: the server is not that of examples/page/net.go", nodeDoc, server.line)
	}
}

// nodeDeclared returns the names that a file of the core declares: functions,
// types, values, and methods and fields behind their type's name.
func nodeDeclared(t *testing.T, path string) (names []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			name := decl.Name.Name
			if decl.Recv != nil {
				recv := decl.Recv.List[0].Type
				if star, ok := recv.(*ast.StarExpr); ok {
					recv = star.X
				}
				name = recv.(*ast.Ident).Name + "." + name
			}
			names = append(names, name)
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					names = append(names, spec.Name.Name)
					if s, ok := spec.Type.(*ast.StructType); ok {
						for _, field := range s.Fields.List {
							for _, name := range field.Names {
								names = append(names, spec.Name.Name+"."+name.Name)
							}
						}
					}
				case *ast.ValueSpec:
					for _, name := range spec.Names {
						names = append(names, name.Name)
					}
				}
			}
		}
	}
	return names
}

var (
	markdownLink = regexp.MustCompile("\\[`?([^]`]*)`?\\]\\(([^)]*)\\)")
	codeSpan     = regexp.MustCompile("`[^`\n]+`")
	goName       = regexp.MustCompile(`\b([a-z0-9]+)\.([A-Z]\w*)(?:\.([A-Z]\w*))?`)
	testName     = regexp.MustCompile(`\bTest[A-Z]\w*`)
)

func TestNodeDocLinksLeadToTheirName(t *testing.T) {
	links := 0
	for _, m := range markdownLink.FindAllStringSubmatch(readNodeDoc(t), -1) {
		text, target := m[1], m[2]
		if strings.HasPrefix(target, "#") {
			continue
		}
		path := filepath.Join(filepath.Dir(nodeDoc), target)
		if _, err := os.Stat(path); err != nil {
			t.Errorf("[%s] leads nowhere: %v", text, err)
			continue
		}
		if name, ok := strings.CutPrefix(text, "duplex."); ok {
			links++
			if !slices.Contains(nodeDeclared(t, path), name) {
				t.Errorf("[%s] leads to %s, which does not declare it", text, target)
			}
		}
	}
	if links < 50 {
		t.Errorf("only %d links to names were found", links)
	}
}

func TestNodeDocNamesExist(t *testing.T) {
	fset := token.NewFileSet()
	imports := nodeImporter(t, fset)
	prose := goFence.ReplaceAllString(readNodeDoc(t), "")
	exists := func(pkg, name, member string) bool {
		p, err := imports.Import(nodeDocPackages[pkg])
		if err != nil {
			t.Fatal(err)
		}
		obj := p.Scope().Lookup(name)
		if obj == nil || member == "" {
			return obj != nil
		}
		found, _, _ := types.LookupFieldOrMethod(obj.Type(), true, p, member)
		return found != nil
	}
	seen := 0
	for _, span := range codeSpan.FindAllString(prose, -1) {
		for _, m := range goName.FindAllStringSubmatch(span, -1) {
			if nodeDocPackages[m[1]] == "" {
				if !slices.Contains([]string{"s", "srv"}, m[1]) { // variables
					t.Errorf("%s: of which package?", span)
				}
				continue
			}
			seen++
			if !exists(m[1], m[2], m[3]) {
				t.Errorf("%s does not exist", m[0])
			}
		}
	}
	if seen < 150 {
		t.Errorf("only %d names were found", seen)
	}
	if exists("net", "Nothing", "") || exists("duplex", "Conn", "Nothing") || !exists("duplex", "Conn", "Wait") {
		t.Error("the check itself is wrong")
	}
}

// Every scenario of groups A to F has a test that carries its number, and the
// document names only tests that exist.
func TestNodeScenariosHaveTheirTests(t *testing.T) {
	var tests []string
	for _, pattern := range []string{"node_*_test.go", "compress/parity_*_test.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			tests = append(tests, nodeDeclared(t, path)...)
		}
	}
	for group, last := range map[string]int{"A": 9, "B": 5, "C": 6, "D": 13, "E": 15, "F": 12} {
		for n := 1; n <= last; n++ {
			prefix := fmt.Sprintf("Test%s%d_", group, n)
			if !slices.ContainsFunc(tests, func(name string) bool { return strings.HasPrefix(name, prefix) }) {
				t.Errorf("no test is called %s…", prefix)
			}
		}
	}
	for _, name := range testName.FindAllString(readNodeDoc(t), -1) {
		if !slices.Contains(tests, name) {
			t.Errorf("%s names %s, which does not exist", nodeDoc, name)
		}
	}
}
