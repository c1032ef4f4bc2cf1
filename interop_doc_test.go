package duplex_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// interopDoc tells what other programs and duplex make of each other.
const interopDoc = "docs/interop.md"

// interopPeers are those of R81.
var interopPeers = []string{
	"Node `net`", "Node `tls`", "Node `zlib`", "Node `ws`", "`openssl s_client`", "`openssl s_server`", "`socat`", "`ncat`", "`websocat`",
	"`curl`", "`nats` (its command)", "`gzip`", "`zcat`",
}

// interopProof is a test as the document names it: folder.Test.
var interopProof = regexp.MustCompile("^`([a-z0-9/]+)\\.(Test\\w+)`$")

// interopCells returns the rows of a document's table, cell by cell.
func interopCells(doc string) (rows [][]string) {
	for line := range strings.Lines(doc) {
		line = strings.TrimSpace(line)
		if cells := strings.Split(strings.Trim(line, "|"), " | "); strings.HasPrefix(line, "| ") && len(cells) > 1 && !strings.HasPrefix(line, "| peer ") {
			for i := range cells {
				cells[i] = strings.TrimSpace(cells[i])
			}
			rows = append(rows, cells)
		}
	}
	return rows
}

// interopMissing says what is wrong with a row, or nothing. tests returns those
// of a folder.
func interopMissing(row []string, tests func(folder string) []string) string {
	if len(row) != 5 || slices.Contains(row, "") {
		return "it has not five cells"
	}
	if row[4] == "not possible" {
		return ""
	}
	for proof := range strings.SplitSeq(row[4], ", ") {
		m := interopProof.FindStringSubmatch(proof)
		if m == nil {
			return proof + " names no test"
		}
		if !slices.Contains(tests(strings.TrimPrefix(m[1], "duplex")), m[2]) {
			return proof + " does not exist"
		}
	}
	return ""
}

func TestR81_TheInteropDocumentNamesTestsThatExist(t *testing.T) {
	text, err := os.ReadFile(interopDoc)
	if err != nil {
		t.Fatal(err)
	}
	known := make(map[string][]string)
	tests := func(folder string) []string {
		if known[folder] == nil {
			files, err := filepath.Glob(filepath.Join(".", folder, "*_test.go"))
			if err != nil {
				t.Fatal(err)
			}
			for _, path := range files {
				known[folder] = append(known[folder], nodeDeclared(t, path)...)
			}
		}
		return known[folder]
	}
	rows := interopCells(string(text))
	shown, peers := 0, make(map[string]bool)
	said := make(map[string]bool)
	for _, row := range rows {
		if wrong := interopMissing(row, tests); wrong != "" {
			t.Errorf("%s: %q: %s", interopDoc, row, wrong)
			continue
		}
		if what := strings.Join(row[:3], " | "); said[what] {
			t.Errorf("%s says twice what comes of %s", interopDoc, what)
		} else {
			said[what] = true
		}
		peers[row[0]] = true
		if row[4] != "not possible" {
			shown++
		}
	}
	if shown < 40 {
		t.Errorf("%s shows %d things, fewer than 40", interopDoc, shown)
	}
	for _, peer := range interopPeers {
		if !peers[peer] {
			t.Errorf("%s says nothing of %s", interopDoc, peer)
		}
	}
	// The check itself must fail where there is something wrong.
	for _, wrong := range []string{
		"| x | client | y | z | `endpoint.TestNothing` |", "| x | client | y | z | `nowhere.TestR81_OpenSSLShowsItsCertificate` |",
		"| x | client | y | z | - |", "| x | client | y |", "| x | client | y | z | `duplex.TestNodeEchoServer`, endpoint |",
	} {
		if rows := interopCells(wrong); len(rows) != 1 || interopMissing(rows[0], tests) == "" {
			t.Errorf("nothing is found wrong with %s", wrong)
		}
	}
}
