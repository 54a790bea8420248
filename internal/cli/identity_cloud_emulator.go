package cli

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"landfall/internal/cloudemulator"
	"landfall/internal/migration"
)

// emulatorFlags are the words of landfall identity-cloud-emulator.
type emulatorFlags struct {
	port             int
	clients, readers []string
	token            string
	schema, faults   string
	records          []string
	log              string
	logValues        bool
	addressFile      string
	ends             time.Duration
	options          cloudemulator.Options
}

func (f *front) identityCloudEmulator() *cobra.Command {
	var flags emulatorFlags
	cmd := &cobra.Command{
		Use:   "identity-cloud-emulator",
		Short: "Stand in for Akamai Identity Cloud on this machine, for rehearsals and tests",
		Long: `Answers the calls that migrations make to Akamai Identity Cloud: records are held in memory and are gone when it
ends. It listens on this machine alone, and calls can be made to go wrong in all the ways in which they do over a
network. It ends on Ctrl-C. docs/emulator.md tells what it answers, and what it cannot tell you about the service.

Exit codes: 0 it was ended · 1 broken · 2 usage, or a file that cannot be read · 3 the port is taken`,
		Example: "  landfall identity-cloud-emulator --port 8310\n" +
			"  landfall identity-cloud-emulator --port 8310 --client shop:s3cret --schema schema.json --limit-per-minute 600\n" +
			"  landfall identity-cloud-emulator --port 0 --address-file address.txt --faults faults.json --log calls.jsonl",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.emulate(cmd.Context(), flags) },
	}
	set := cmd.Flags()
	set.IntVar(&flags.port, "port", 8310, "the port to listen on; 0: a free one")
	set.StringArrayVar(&flags.clients, "client", nil, "a client that may read and write, as ID:SECRET; may be repeated")
	set.StringArrayVar(&flags.readers, "reader", nil, "a client that may only read, as ID:SECRET; may be repeated")
	set.StringVar(&flags.token, "token", "", "an access token of the first client")
	set.StringVar(&flags.schema, "schema", "", "the types of records, from a JSON file; without it: one type, user")
	set.StringArrayVar(&flags.records, "records", nil, "records that are there beforehand, as TYPE=FILE with JSON; may be repeated")
	set.StringVar(&flags.faults, "faults", "", "calls that go wrong, from a JSON file")
	set.IntVar(&flags.options.CallsPerMinute, "limit-per-minute", 0, "calls that are admitted in a minute; 0: any number")
	set.IntVar(&flags.options.ConcurrentCalls, "concurrent", 0, "calls that are admitted at a time; 0: any number")
	set.IntVar(&flags.options.LimitStatus, "limit-status", 0, "HTTP status of calls above the limits; 0: error 510 of the API with status 200")
	set.Int64Var(&flags.options.MaxBody, "max-body", 10<<20, "bytes that a request may have")
	set.IntVar(&flags.options.OversizeStatus, "oversize-status", http.StatusRequestEntityTooLarge, "HTTP status of longer requests")
	set.StringVar(&flags.options.Seed, "seed", "", "equal seeds and equal calls give equal uuids and equal chances")
	set.StringVar(&flags.log, "log", "", "append each call to this file, as a line of JSON")
	set.BoolVar(&flags.logValues, "log-values", false, "log what records hold, too")
	set.StringVar(&flags.addressFile, "address-file", "", "write the base URL to this file as soon as calls are taken")
	set.DurationVar(&flags.ends, "for", 0, "end after this time, such as 10m; 0: on Ctrl-C alone")
	return cmd
}

func (f *front) emulate(ctx context.Context, flags emulatorFlags) error {
	if err := flags.read(); err != nil {
		return err
	}
	unboundMemory()
	var logged io.WriteCloser
	if flags.log != "" {
		var err error
		if logged, err = os.OpenFile(flags.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
			return usagef("--log: %w", err)
		}
		defer logged.Close()
		flags.options.Log = f.logCalls(logged, flags.logValues)
	}
	emulator := cloudemulator.New(flags.options)
	for _, from := range flags.records {
		if err := fillEmulator(emulator, from); err != nil {
			return err
		}
	}
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(flags.port)))
	if err != nil {
		return fmt.Errorf("%w: port %d cannot be listened on: %w; choose another one with --port, or 0 for a free one", migration.ErrEnvironment, flags.port, err)
	}
	defer listener.Close()
	address := "http://" + listener.Addr().String()
	if flags.addressFile != "" {
		if err := writeWhole(flags.addressFile, address+"\n"); err != nil {
			return usagef("--address-file: %w", err)
		}
	}
	f.tellEmulator(address, flags.options)
	return serveUntilStopped(ctx, emulator, listener, flags.ends)
}

// read makes options of the flags, and says what of them is wrong.
func (e *emulatorFlags) read() error {
	if e.port < 0 || e.port > 65535 {
		return usagef("--port %d: expected a port from 1 to 65535, or 0 for a free one", e.port)
	}
	if e.options.CallsPerMinute < 0 || e.options.ConcurrentCalls < 0 || e.options.MaxBody < 1 || e.ends < 0 {
		return usagef("--limit-per-minute, --concurrent and --for are not negative, and --max-body is at least 1")
	}
	for flag, status := range map[string]int{"--limit-status": e.options.LimitStatus, "--oversize-status": e.options.OversizeStatus} {
		if (status != 0 || flag == "--oversize-status") && (status < 200 || status > 599) {
			return usagef("%s %d: expected an HTTP status from 200 to 599", flag, status)
		}
	}
	for _, given := range []struct {
		flag, feature string
		texts         []string
	}{{"--client", "owner", e.clients}, {"--reader", "direct_access_read", e.readers}} {
		for _, text := range given.texts {
			id, secret, ok := strings.Cut(text, ":")
			if !ok || id == "" || secret == "" {
				return usagef("%s: expected ID:SECRET", given.flag)
			}
			e.options.Clients = append(e.options.Clients, cloudemulator.Client{ID: id, Secret: secret, Features: []string{given.feature}})
		}
	}
	if e.token != "" {
		if e.options.Clients == nil {
			e.options.Clients = []cloudemulator.Client{cloudemulator.DefaultClient}
		}
		e.options.Clients[0].Token = e.token
	}
	if e.schema != "" {
		text, err := os.ReadFile(e.schema)
		if err == nil {
			e.options.Types, err = cloudemulator.ParseSchema(text)
		}
		if err != nil {
			return usagef("--schema %s: %w", e.schema, err)
		}
	}
	if e.faults != "" {
		text, err := os.ReadFile(e.faults)
		if err == nil {
			e.options.Faults, err = cloudemulator.ParseFaults(text)
		}
		if err != nil {
			return usagef("--faults %s: %w", e.faults, err)
		}
	}
	return nil
}

// logCalls writes calls to a log; a log that cannot be written is told once.
func (f *front) logCalls(to io.Writer, withValues bool) func(cloudemulator.Call) {
	told := false
	return func(call cloudemulator.Call) {
		if _, err := to.Write(append(call.Line(withValues), '\n')); err != nil && !told {
			told = true
			fmt.Fprintf(f.Err, "landfall: the log of calls is no longer whole: %v\n", err)
		}
	}
}

func fillEmulator(emulator *cloudemulator.Emulator, from string) error {
	name, path, ok := strings.Cut(from, "=")
	if !ok {
		return usagef("--records %q: expected TYPE=FILE", from)
	}
	file, err := os.Open(path)
	if err != nil {
		return usagef("--records: %w", err)
	}
	defer file.Close()
	if err := emulator.ImportJSON(name, file); err != nil {
		return usagef("--records %s: %w", path, err)
	}
	return nil
}

// writeWhole writes a file that is there as a whole or not at all: others wait
// for it.
func writeWhole(path, text string) error {
	if err := os.WriteFile(path+".new", []byte(text), 0o644); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

func (f *front) tellEmulator(address string, options cloudemulator.Options) {
	id, secret := cloudemulator.DefaultClient.ID, cloudemulator.DefaultClient.Secret
	if len(options.Clients) > 0 {
		id, secret = options.Clients[0].ID, "SECRET" // those who gave it know it
	}
	name := cloudemulator.Schema()[0].Name
	if len(options.Types) > 0 {
		name = options.Types[0].Name
	}
	fmt.Fprintf(f.Out, `An emulated Identity Cloud answers on %[1]s.

  count records           curl -u %[2]s:%[3]s -d type_name=%[4]s %[1]s/entity.count
  in a mapping            url: %[1]s
  with dataload.py        -u %[1]s -i %[2]s -s %[3]s -t %[4]s
  records and calls       curl %[1]s/emulator
  the log of calls        curl %[1]s/emulator/log
  let calls go wrong      curl -d '{"operation":"entity.bulkCreate","call":2,"do":"reset-after"}' %[1]s/emulator/faults

Ctrl-C ends it, and its records are gone then.
`, address, id, secret, name)
}

// serveUntilStopped answers until Ctrl-C, SIGTERM, or the end of its time.
func serveUntilStopped(ctx context.Context, handler http.Handler, listener net.Listener, ends time.Duration) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	if ends > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, ends)
		defer cancel()
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return server.Close() // calls that are under way are cut: so is a service that goes down
	}
}
