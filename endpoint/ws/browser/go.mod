module github.com/duplex-go/duplex/endpoint/ws/browser

go 1.26.0

replace github.com/duplex-go/duplex => ../../..

require (
	github.com/chromedp/chromedp v0.23.0
	github.com/duplex-go/duplex v0.0.0-00010101000000-000000000000
)

require (
	github.com/chromedp/cdproto v0.159.2 // indirect
	github.com/coder/websocket v1.8.15 // indirect
	github.com/go-json-experiment/json v0.0.0-20260213210345-44df1a37e875 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/term v0.47.0 // indirect
)
