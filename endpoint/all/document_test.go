package all_test

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/duplex-go/duplex/endpoint"
)

const document = "../../docs/endpoints.md"

// TestTheDocumentSaysWhatTheSchemesSay compares docs/endpoints.md with what the
// schemes say of themselves. With DUPLEX_UPDATE=1 it writes that there.
func TestTheDocumentSaysWhatTheSchemesSay(t *testing.T) {
	file, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	text := string(file)
	shared := sharedOptions()
	for _, s := range endpoint.Schemes() {
		text = put(t, text, s.Name, describe(s, shared))
	}
	text = put(t, text, "shared", table(shared))
	if text == string(file) {
		return
	}
	if os.Getenv("DUPLEX_UPDATE") == "" {
		t.Fatalf("%s is not what the schemes say; go test ./endpoint/all with DUPLEX_UPDATE=1 writes it", document)
	}
	if err := os.WriteFile(document, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// put replaces what stands between the marks of that name.
func put(t *testing.T, text, name, content string) string {
	t.Helper()
	begin, end := fmt.Sprintf("<!-- %s -->\n", name), "<!-- end -->\n"
	before, rest, ok := strings.Cut(text, begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Errorf("%s has no place for %s", document, name)
		return text
	}
	return before + begin + content + end + after
}

// describe writes what a scheme says of itself.
func describe(s endpoint.Scheme, shared []endpoint.Option) string {
	var own []endpoint.Option
	var others []string
	for _, o := range s.Options {
		if slices.Contains(shared, o) {
			others = append(others, "`"+o.Name+"`")
		} else {
			own = append(own, o)
		}
	}
	slices.Sort(others)
	text := fmt.Sprintf("`%s`: %s.\n\nEnds: %s.\n\n", s.Form, s.Summary, s.Ends)
	if len(own) > 0 {
		text += table(own) + "\n"
	}
	return text + "Shared options: " + strings.Join(others, ", ") + ".\n"
}

func table(options []endpoint.Option) string {
	text := "| option | value | where | what it does; the default |\n|---|---|---|---|\n"
	for _, o := range options {
		where := []string{"both", "listening", "dialling"}[o.Use]
		text += fmt.Sprintf("| `%s` | %s | %s | %s |\n", o.Name, strings.ReplaceAll(o.Kind.String(), "|", `\|`), where, o.Help)
	}
	return text
}

// sharedOptions returns the options that several schemes have alike, by name.
func sharedOptions() []endpoint.Option {
	count := make(map[endpoint.Option]int)
	for _, s := range endpoint.Schemes() {
		for _, o := range s.Options {
			count[o]++
		}
	}
	var shared []endpoint.Option
	for o, n := range count {
		if n > 1 {
			shared = append(shared, o)
		}
	}
	slices.SortFunc(shared, func(a, b endpoint.Option) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Help, b.Help))
	})
	return shared
}

func TestEverySchemeIsDescribed(t *testing.T) {
	for _, s := range endpoint.Schemes() {
		if s.Form == "" || s.Summary == "" || s.Ends == "" {
			t.Errorf("%s: %q, %q, %q", s.Name, s.Form, s.Summary, s.Ends)
		}
		seen := make(map[string]bool)
		for _, o := range s.Options {
			if o.Help == "" || seen[o.Name] || o.Use == endpoint.ListenOnly && s.Listen == nil || o.Use == endpoint.DialOnly && s.Dial == nil {
				t.Errorf("%s: option %+v", s.Name, o)
			}
			seen[o.Name] = true
		}
	}
}
