package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"
)

// apiGround is an API in a process of its own, and files to fill it from.
type apiGround struct {
	*ground
	address string
	client  *http.Client
}

// apiMeasurement is one line of a round.
type apiMeasurement struct {
	name   string
	bare   *cost // of a client that makes the same calls, and keeps no books
	own    cost
	ofBare string // what the bare client does
}

// benchAPI measures loading through calls against an API that is the emulated
// Identity Cloud, without limits, beside a client that only makes the calls.
func benchAPI(ctx context.Context, s settings, work string) (err error) {
	g := &apiGround{ground: &ground{dir: work, rows: s.rows}, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: apiCalls}}}
	if err := g.chooseLandfall(s); err != nil {
		return err
	}
	if g.landfall == "" {
		return errors.New("-api wants a program to measure: -landfall bin/landfall")
	}
	if err := os.WriteFile(g.mappingFile("members"), []byte(apiMapping), 0o644); err != nil {
		return err
	}
	end, err := g.startEmulator(ctx, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	rounds := make([][]apiMeasurement, s.rounds)
	for n := range rounds {
		measure := g.apiRound
		if s.live {
			measure = g.liveRound
		}
		if rounds[n], err = measure(ctx); err != nil {
			return fmt.Errorf("round %d: %w", n+1, err)
		}
		for _, m := range rounds[n] {
			fmt.Printf("round %d: %s %.2fs, %.0f records/s, %d MiB\n", n+1, m.name, m.own.took.Seconds(), float64(s.rows)/m.own.took.Seconds(), m.own.peak>>20)
		}
	}
	reportAPI(os.Stdout, s.rows, rounds)
	return nil
}

// startEmulator starts the API as a process of its own.
func (g *apiGround) startEmulator(ctx context.Context, s settings) (end func() error, err error) {
	program, err := filepath.Abs(s.landfall)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(g.dir, "address")
	cmd := exec.CommandContext(ctx, program, "identity-cloud-emulator", "--port", "0", "--address-file", file)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	g.serverProcess = cmd.Process.Pid
	end = func() error { return errors.Join(cmd.Process.Signal(os.Interrupt), cmd.Wait()) }
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		text, err := os.ReadFile(file)
		if err == nil {
			g.address = strings.TrimSpace(string(text))
			return end, nil
		}
		if time.Since(began) > time.Minute || ctx.Err() != nil {
			return nil, errors.Join(errors.New("the emulator does not start"), ctx.Err(), end())
		}
	}
}

// apiRound measures a first load, a delta in which each record has changed, and
// one in which none has.
func (g *apiGround) apiRound(ctx context.Context) ([]apiMeasurement, error) {
	creates := apiMeasurement{name: "create", ofBare: "same batches"}
	updates := apiMeasurement{name: "delta, all changed", ofBare: "same updates"}
	if err := g.forget(ctx); err != nil {
		return nil, err
	}
	var err error
	if creates.bare, err = g.bare(ctx, g.postBatches); err != nil {
		return nil, err
	}
	if updates.bare, err = g.bare(ctx, g.postUpdates); err != nil {
		return nil, err
	}
	if err := g.forget(ctx); err != nil {
		return nil, err
	}
	if creates.own, err = g.load(ctx, "create", "Ulm"); err != nil {
		return nil, err
	}
	if updates.own, err = g.load(ctx, "delta", "Bonn"); err != nil {
		return nil, err
	}
	same := apiMeasurement{name: "delta, none changed"}
	same.own, err = g.load(ctx, "same", "Bonn")
	return []apiMeasurement{creates, updates, same}, err
}

// liveRound measures a delta of records that are all there, and of which the
// books know nothing.
func (g *apiGround) liveRound(ctx context.Context) ([]apiMeasurement, error) {
	if err := g.forget(ctx); err != nil {
		return nil, err
	}
	if err := g.fill(ctx, "Ulm"); err != nil {
		return nil, err
	}
	m := apiMeasurement{name: "delta, all there", ofBare: "same look-ups"}
	var err error
	if m.bare, err = g.bare(ctx, g.postLookUps); err != nil {
		return nil, err
	}
	m.own, err = g.load(ctx, "live", "Ulm")
	return []apiMeasurement{m}, err
}

// load runs Landfall over all records, under observation where that is wanted,
// and makes sure that all of them are there.
func (g *apiGround) load(ctx context.Context, name, city string) (cost, error) {
	if err := g.writeMembers(city); err != nil {
		return cost{}, err
	}
	environment := []string{"CLOUD_URL=" + g.address, "CLOUD_SECRET=" + apiSecret}
	if g.profiles != "" {
		environment = append(environment, profileVariable+"="+filepath.Join(g.profiles, name))
	}
	c, err := g.measure(ctx, environment, g.landfall, "run", "-f", g.mappingFile("members"))
	if err != nil {
		return c, err
	}
	for _, filter := range []string{"", "primaryAddress.city = '" + city + "'"} {
		if n, err := g.countMembers(ctx, filter); err != nil || n != g.rows {
			return c, errors.Join(err, fmt.Errorf("the API holds %d records where %q, not %d", n, filter, g.rows))
		}
	}
	return c, nil
}

// forget brings the API and the books back to where a round begins.
func (g *apiGround) forget(ctx context.Context) error {
	if err := g.control(ctx, "/emulator/reset", nil); err != nil {
		return err
	}
	books, err := filepath.Glob(filepath.Join(g.dir, "*.db*"))
	if err != nil {
		return err
	}
	for _, path := range append(books, filepath.Join(g.dir, "runs")) {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	return nil
}

// fill stores all records in the API without a call of its own for each batch.
func (g *apiGround) fill(ctx context.Context, city string) error {
	reader, writer := io.Pipe()
	go func() {
		var err error
		for n := 1; n <= g.rows && err == nil; n++ {
			_, err = writer.Write(append(memberJSON(n, city), '\n'))
		}
		_ = writer.CloseWithError(err) // always nil
	}()
	return g.control(ctx, "/emulator/records?type=user", reader)
}

func (g *apiGround) control(ctx context.Context, path string, body io.Reader) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, g.address+path, body)
	if err != nil {
		return err
	}
	response, err := g.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var text bytes.Buffer
	if _, err := text.ReadFrom(response.Body); err != nil || response.StatusCode != http.StatusOK {
		return errors.Join(err, fmt.Errorf("%s: %s: %s", path, response.Status, text.String()))
	}
	return nil
}

// reportAPI prints medians.
func reportAPI(out io.Writer, rows int, rounds [][]apiMeasurement) {
	fmt.Fprintf(out, "\n%d records, median of %d\n", rows, len(rounds))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tseconds\trecords/s\tbare client\tratio\tCPU s, own\tthe API's\tpeak MiB\t")
	for i, m := range rounds[0] {
		of := func(what func(apiMeasurement) float64) float64 {
			return median(rounds, func(round []apiMeasurement) float64 { return what(round[i]) })
		}
		seconds := of(func(m apiMeasurement) float64 { return m.own.took.Seconds() })
		bare, ratio := "", ""
		if m.bare != nil {
			bare = fmt.Sprintf("%.2f s", of(func(m apiMeasurement) float64 { return m.bare.took.Seconds() }))
			ratio = fmt.Sprintf("%.2f of the %s", of(func(m apiMeasurement) float64 { return m.own.took.Seconds() / m.bare.took.Seconds() }), m.ofBare)
		}
		fmt.Fprintf(w, "%s\t%.2f\t%.0f\t%s\t%s\t%.2f\t%.2f\t%.0f\t\n", m.name, seconds, float64(rows)/seconds, bare, ratio,
			of(func(m apiMeasurement) float64 { return m.own.own.Seconds() }), of(func(m apiMeasurement) float64 { return m.own.server.Seconds() }),
			of(func(m apiMeasurement) float64 { return float64(m.own.peak) / (1 << 20) }))
	}
	_ = w.Flush() // nothing to do about a closed terminal
}
