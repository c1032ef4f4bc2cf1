package browser

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// accessible fails the test if axe finds anything wrong with the page.
func accessible(t *testing.T, ctx context.Context, what string) {
	t.Helper()
	script, err := os.ReadFile(filepath.Join(os.Getenv("DUPLEX_AXE"), "axe.min.js"))
	if os.Getenv("DUPLEX_AXE") == "" || err != nil {
		missing(t, "axe-core (DUPLEX_AXE names its directory)")
	}
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](string(script)+`;
		axe.run().then(r => JSON.stringify(r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.html + ' ' + n.failureSummary).join(' | '))))`,
		chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	var violations []string
	if err := json.Unmarshal([]byte(text), &violations); err != nil {
		t.Fatal(err)
	}
	for _, v := range violations {
		t.Errorf("%s: %.600s", what, v)
	}
}
