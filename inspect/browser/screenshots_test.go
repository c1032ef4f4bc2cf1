package browser

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// shots writes the screenshots of the README, if they are asked for.
func shots(t *testing.T, ctx context.Context) {
	dir := os.Getenv("DUPLEX_SCREENSHOTS")
	if dir == "" {
		return
	}
	time.Sleep(50 * time.Second) // the sparklines show a minute
	for _, v := range []string{"light", "dark"} {
		theme(ctx, t, v)
		b, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "inspect-"+v+".png"), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	theme(ctx, t, "light")
}
