// Net is the page's TCP server and client: see package page for the program.
package main

import (
	"log"
	"os"

	"github.com/duplex-go/duplex/examples/page"
)

func main() {
	if err := page.Net(os.Stdout); err != nil {
		log.Fatal(err)
	}
}
