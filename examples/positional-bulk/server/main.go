// Command server is the API of the example: members of a loyalty programme, in
// memory, written to in bulk. It prints its URL.
package main

import (
	"flag"
	"fmt"
	"os"

	"landfall/examples/mishaps"
	"landfall/examples/positional-bulk/server/members"
)

func main() {
	options := members.Options{Client: "example", Secret: "not-a-secret"}
	port := flag.Int("port", 0, "to listen on; 0 takes a free one")
	flag.StringVar(&options.Secret, "secret", options.Secret, "with which calls are signed")
	options.Mishaps.Flags(flag.CommandLine)
	flag.Parse()
	if err := mishaps.Serve(*port, "/api", members.New(&options)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
