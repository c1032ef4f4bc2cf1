// Gzip is the page's gzip stream: see package page for the program.
package main

import (
	"log"
	"os"

	"github.com/duplex-go/duplex/examples/page"
)

func main() {
	if err := page.Gzip(os.Stdout); err != nil {
		log.Fatal(err)
	}
}
