// Command client is the benchmark's own part in a promotion: the least that any reconciler has to do (floor),
// the rest of a promotion (fill, latency), and the watches that measure it. It uses the standard library only.
package main

import (
	"fmt"
	"os"
)

var commands = map[string]func(arguments []string) error{
	"floor":   runFloor,
	"fill":    runFill,
	"latency": runLatency,
}

func main() {
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: client floor|fill|latency FLAG...")
		os.Exit(2)
	}
	if err := commands[os.Args[1]](os.Args[2:]); err != nil {
		fmt.Fprintf(os.Stderr, "client %s: %v\n", os.Args[1], err)
		os.Exit(1)
	}
}
