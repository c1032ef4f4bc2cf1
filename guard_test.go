package duplex_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A guard that has never fired may guard nothing: each of those that the
// project relies on is given what it must find (R59). The import check has
// tests of its own in deps_test.go.
func TestR59_EveryGuardFindsWhatIsPlanted(t *testing.T) {
	for _, test := range []struct {
		name, guard string
		args        []string
		source      string
		want        string
	}{
		{"race", "the race detector", []string{"-race"}, `package planted

import "testing"

func TestPlanted(t *testing.T) {
	n, done := 0, make(chan bool)
	go func() { n++; close(done) }()
	n++
	<-done
}
`, "DATA RACE"},
		{"leak", "goleak", nil, `package planted

import (
	"testing"

	"github.com/duplex-go/duplex"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestPlanted(t *testing.T) {
	a, _ := duplex.Pair()
	go a.Read(make([]byte, 1))
}
`, "found unexpected goroutines"},
		{"descriptor", "duplextest.NoLeaks", nil, `package planted

import (
	"os"
	"testing"

	"github.com/duplex-go/duplex/duplextest"
)

var kept *os.File

func TestPlanted(t *testing.T) {
	duplextest.NoLeaks(t)
	kept, _ = os.Open(os.DevNull)
}
`, "left behind"},
		{"descriptor of the package", "TestMain", nil, `package planted

import (
	"os"
	"testing"
)

var kept *os.File

func TestPlanted(t *testing.T) { kept, _ = os.Open(os.DevNull) }
`, "1 descriptors are open that were not before the tests"},
		{"allocation", "testing.AllocsPerRun", nil, `package planted

import (
	"testing"

	"github.com/duplex-go/duplex"
)

var kept []byte

func TestPlanted(t *testing.T) {
	a, b := duplex.Pair()
	defer a.Close()
	defer b.Close()
	p := make([]byte, 64)
	if n := testing.AllocsPerRun(100, func() {
		a.Write(p)
		b.Read(p)
		kept = make([]byte, 64)
	}); n > 0 {
		t.Errorf("%v allocations a write and read", n)
	}
}
`, "1 allocations a write and read"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if test.name == "race" {
				if _, err := exec.LookPath("gcc"); err != nil && os.Getenv("CI") == "" {
					t.Skip("the race detector needs gcc")
				}
			}
			files := map[string]string{"planted_test.go": test.source}
			if test.guard == "TestMain" { // the one of this very package
				text, err := os.ReadFile("main_test.go")
				noError(t, err)
				files["main_test.go"] = strings.Replace(string(text), "package duplex_test", "package planted", 1)
			}
			out, err := testPlanted(t, files, test.args...)
			if err == nil || !strings.Contains(out, test.want) {
				t.Errorf("%s has let it pass: %v\n%s", test.guard, err, out)
			}
		})
	}
}

// testPlanted runs go test on a package of these files, in a copy of the
// module's own setting.
func testPlanted(t *testing.T, files map[string]string, args ...string) (string, error) {
	t.Helper()
	here, err := os.Getwd()
	noError(t, err)
	dir := t.TempDir()
	mod, err := os.ReadFile("go.mod")
	noError(t, err)
	sum, err := os.ReadFile("go.sum")
	noError(t, err)
	planted := strings.Replace(string(mod), "module "+module, "module planted", 1) +
		"\nrequire " + module + " v0.0.0\nreplace " + module + " => " + here + "\n"
	files["go.mod"], files["go.sum"] = planted, string(sum)
	for name, text := range files {
		noError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	cmd := exec.Command("go", append([]string{"test", "-mod=mod"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOPROXY=off")
	out, err := cmd.CombinedOutput()
	return string(out), err
}
