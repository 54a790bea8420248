// Landfall moves the records of a legacy system into a live one, and can
// explain every one of them.
package main

import (
	"os"

	"landfall/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:])) }
