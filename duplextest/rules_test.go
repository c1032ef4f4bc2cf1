package duplextest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestRulesAreThoseOfTheContract keeps what a failed check quotes in step with
// the documentation of package duplex.
func TestRulesAreThoseOfTheContract(t *testing.T) {
	doc, err := os.ReadFile("../doc.go")
	if err != nil {
		t.Fatal(err)
	}
	contract := oneLine(strings.ReplaceAll(string(doc), "\n//", " "))
	file, err := parser.ParseFile(token.NewFileSet(), "rules.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	own := map[string]bool{"onTime": true, "ioWord": true}
	found := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || own[spec.Names[0].Name] {
			return true
		}
		found++
		rule, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(contract, rule) {
			t.Errorf("%s is not in the documentation of package duplex: %s", spec.Names[0].Name, rule)
		}
		return true
	})
	if found < 10 {
		t.Errorf("found only %d rules", found)
	}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
