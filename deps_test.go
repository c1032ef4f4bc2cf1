package duplex_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/duplex-go/duplex"

// arrows says what each room may import of the project, itself and what is
// below it apart; docs/architecture.md draws it. A new room must be placed.
var arrows = map[string][]string{
	".":                              {},
	"cmd/duplex":                     {".", "codec", "compress", "deflate", "endpoint", "endpoint/all", "examples/page", "hub", "inspect", "inspect/top", "internal/benchmark", "internal/load", "internal/printable", "internal/redact", "internal/result", "progress", "relay", "tap"},
	"codec":                          {".", "compress", "deflate"},
	"compress":                       {".", "deflate"},
	"deflate":                        {},
	"duplextest":                     {"."},
	"endpoint":                       {".", "internal/redact"},
	"endpoint/all":                   {"endpoint/nats", "endpoint/proxy", "endpoint/pty", "endpoint/quic", "endpoint/ws"},
	"endpoint/internal/endpointtest": {".", "endpoint"},
	"endpoint/internal/process":      {},
	"endpoint/nats":                  {".", "endpoint", "flow"},
	"endpoint/proxy":                 {".", "endpoint"},
	"endpoint/pty":                   {".", "endpoint"},
	"endpoint/quic":                  {".", "endpoint", "internal/cause"},
	"endpoint/ws":                    {".", "endpoint"},
	"examples/fleet":                 {".", "endpoint", "endpoint/nats", "hub"},
	"examples/gzip":                  {"examples/page"},
	"examples/net":                   {"examples/page"},
	"examples/page":                  {".", "compress", "deflate"},
	"flow":                           {".", "internal/cause"},
	"inspect":                        {".", "internal/printable", "internal/redact"},
	"inspect/top":                    {"inspect", "internal/printable", "progress"},
	"internal/benchmark":             {"internal/load", "internal/result"},
	"internal/cause":                 {},
	"internal/load":                  {},
	"internal/nametest":              {"."},
	"internal/printable":             {},
	"internal/redact":                {},
	"internal/result":                {},
	"hub":                            {"endpoint/nats"},
	"progress":                       {},
	"relay":                          {".", "endpoint", "internal/redact", "tap"},
	"tap":                            {"."},
}

// goPackage is what go list says of a package.
type goPackage struct {
	ImportPath string
	Dir        string
	Doc        string
	GoFiles    []string
	Imports    []string
	Standard   bool
	Error      *struct{ Err string } // of the package itself, not of what it imports
}

// packages lists the packages in dir's module with the files that system
// builds, or this one if it is empty. What another system needs of other modules
// may not have been fetched (-e), and is not asked for.
func packages(t *testing.T, dir, system string, args ...string) []goPackage {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-e", "-json=ImportPath,Dir,Doc,GoFiles,Imports,Standard,Error"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOPROXY=off")
	if system != "" {
		cmd.Env = append(cmd.Env, "GOOS="+system, "CGO_ENABLED=0")
	}
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var list []goPackage
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		if p.Error != nil {
			t.Fatalf("go list: %s: %s", p.ImportPath, p.Error.Err)
		}
		list = append(list, p)
	}
}

// room returns the path of a package within the module, and whether it is of
// the module.
func room(importPath string) (string, bool) {
	if importPath == module {
		return ".", true
	}
	return strings.CutPrefix(importPath, module+"/")
}

// wrongImports says which imports of the core are not the standard library's,
// and which arrows point where they must not.
func wrongImports(list []goPackage) (wrong []string) {
	for _, p := range list {
		here, ours := room(p.ImportPath)
		if !ours {
			continue
		}
		allowed, placed := arrows[here]
		if !placed {
			wrong = append(wrong, fmt.Sprintf("%s has no place in the arrows of deps_test.go", p.ImportPath))
		}
		for _, i := range p.Imports {
			there, ours := room(i)
			switch {
			case ours && strings.HasPrefix(there, here+"/internal/") || slices.Contains(allowed, there):
			case ours && strings.HasPrefix(there, "endpoint/internal/") && strings.HasPrefix(here, "endpoint/"):
			case ours:
				wrong = append(wrong, fmt.Sprintf("%s must not import %s", p.ImportPath, i))
			case here == "." && (i == "C" || strings.Contains(strings.Split(i, "/")[0], ".")):
				wrong = append(wrong, fmt.Sprintf("the core must not import %s", i))
			}
		}
	}
	return wrong
}

func TestArrowsPointDownAndTheCoreImportsTheStandardLibraryOnly(t *testing.T) {
	for _, system := range []string{"linux", "darwin", "windows"} {
		for _, wrong := range wrongImports(packages(t, ".", system, "./...")) {
			t.Errorf("for %s: %s", system, wrong)
		}
	}
}

// The check must find what is planted in a copy of the core (R59).
func TestR59_TheDependencyCheckFindsAPlantedImport(t *testing.T) {
	dir := t.TempDir()
	files, err := filepath.Glob("*.go")
	noError(t, err)
	for _, name := range append(files, "go.mod", "go.sum") {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		noError(t, err)
		noError(t, os.WriteFile(filepath.Join(dir, name), text, 0o600))
	}
	if wrong := wrongImports(packages(t, dir, "", ".")); len(wrong) > 0 {
		t.Errorf("with nothing planted: %q", wrong)
	}
	planted := "package duplex\n\nimport _ \"golang.org/x/net/nettest\"\n"
	noError(t, os.WriteFile(filepath.Join(dir, "planted.go"), []byte(planted), 0o600))
	wrong := wrongImports(packages(t, dir, "", "."))
	if want := []string{"the core must not import golang.org/x/net/nettest"}; !slices.Equal(wrong, want) {
		t.Errorf("found %q, want %q", wrong, want)
	}
}

func TestTheDependencyCheckFindsWhatIsWrong(t *testing.T) {
	wrong := wrongImports([]goPackage{
		{ImportPath: module, Imports: []string{"io", "golang.org/x/net/nettest"}},
		{ImportPath: module + "/deflate", Imports: []string{module}},
		{ImportPath: module + "/misplaced"},
		{ImportPath: module + "/tap", Imports: []string{"io", module}},
	})
	want := []string{
		"the core must not import golang.org/x/net/nettest",
		module + "/deflate must not import " + module,
		module + "/misplaced has no place in the arrows of deps_test.go",
	}
	if !slices.Equal(wrong, want) {
		t.Errorf("found %q, want %q", wrong, want)
	}
}
