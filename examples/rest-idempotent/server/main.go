// Command server is the API of the example: contacts of a CRM, in memory, one
// call for each. It prints its URL.
package main

import (
	"flag"
	"fmt"
	"os"

	"landfall/examples/mishaps"
	"landfall/examples/rest-idempotent/server/contacts"
)

func main() {
	options := contacts.Options{Token: "not-a-secret"}
	port := flag.Int("port", 0, "to listen on; 0 takes a free one")
	flag.StringVar(&options.Token, "token", options.Token, "that callers must have")
	flag.IntVar(&options.PerSecond, "per-second", 0, "calls in a second, at most; more are answered with 429; 0: any number")
	options.Mishaps.Flags(flag.CommandLine)
	flag.Parse()
	if err := mishaps.Serve(*port, "/v1", contacts.New(&options)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
