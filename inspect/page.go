package inspect

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"net/http"
)

// page is all of the page: its style and its script are within.
//
//go:embed page.html
var page []byte

// contentPolicy allows the page's own style and script, by their hashes, its own
// icon, and requests to this server; nothing else, and no text as HTML.
var contentPolicy = "default-src 'none'; script-src 'sha256-" + hashOf("script") + "'; style-src 'sha256-" + hashOf("style") +
	"'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types 'none'"

// hashOf returns the hash of what stands within an element of the page, of which
// there is one.
func hashOf(element string) string {
	_, rest, _ := bytes.Cut(page, []byte("<"+element+">"))
	text, _, _ := bytes.Cut(rest, []byte("</"+element+">"))
	sum := sha256.Sum256(text)
	return base64.StdEncoding.EncodeToString(sum[:])
}

func servePage(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(page)
}
