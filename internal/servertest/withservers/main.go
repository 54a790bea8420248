// Command withservers runs a command, usually go test, with a private database
// server beside it:
//
//	go run ./internal/servertest/withservers -- go test ./...
//
// The command finds the server in LANDFALL_TEST_POSTGRES, and its tests fail
// rather than skip when they cannot reach it. withservers ends with the
// command's exit code and takes the server down with it.
//
// Temporary files of both are kept in memory where there is plenty of it, and
// removed in the end. TMPDIR names another place.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"landfall/internal/servertest"
)

func main() {
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "withservers:", err)
	}
	os.Exit(code)
}

func run(args []string) (int, error) {
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		return 2, errors.New("no command to run; for example: withservers -- go test ./internal/run")
	}
	// Signals are caught before the server starts, so that none can leave it behind.
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)

	if os.Getenv("TMPDIR") == "" {
		folder, err := inMemory()
		if err != nil {
			return 3, err
		}
		if folder != "" {
			defer os.RemoveAll(folder)
			if err := moveTemporary(folder); err != nil {
				return 3, err
			}
		}
	}
	server, err := servertest.Start("", servertest.Options{Fast: true})
	if err != nil {
		return 3, err
	}
	defer server.Stop()

	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(),
		servertest.PostgresVariable+"="+server.URL("postgres"),
		servertest.RequireVariable+"=postgres")
	if err := cmd.Start(); err != nil {
		return 3, err
	}
	ended := make(chan struct{})
	go func() {
		for {
			select {
			case sig := <-signals:
				_ = cmd.Process.Signal(sig) // it may have ended this instant
			case <-ended:
				return
			}
		}
	}()
	err = cmd.Wait()
	close(ended)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			return 128 + int(status.Signal()), nil // as a shell says it
		}
		return exit.ExitCode(), nil
	}
	return 0, err
}

// moveTemporary has temporary files of this process and of the command made in a
// folder, but for those of the go command, which are large and need no speed.
func moveTemporary(folder string) error {
	if os.Getenv("GOTMPDIR") == "" {
		if err := os.Setenv("GOTMPDIR", os.TempDir()); err != nil {
			return err
		}
	}
	return os.Setenv("TMPDIR", folder)
}
