package cli

import (
	"bufio"
	"bytes"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"time"
)

// The small programs that scripts and pages call beside landfall itself.

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// exits runs a command and holds it to an exit code: exits 4 landfall run.
func exits() {
	want, err := strconv.Atoi(os.Args[1])
	must(err)
	cmd := exec.Command(os.Args[2], os.Args[3:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt)
	must(cmd.Start())
	go func() {
		for range interrupted {
			_ = cmd.Process.Signal(os.Interrupt)
		}
	}()
	err = cmd.Wait()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		must(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != want {
		must(fmt.Errorf("exit code %d, want %d", got, want))
	}
}

// armsProgram arms a production target for an hour as somebody does who knows
// what it is: arms [FLAGS of guard arm].
func armsProgram() {
	args := os.Args[1:]
	status := []string{"guard", "status", "--json"}
	for i, arg := range args {
		if arg == "-f" || arg == "--target" {
			status = append(status, args[i:i+2]...)
		}
	}
	var out bytes.Buffer
	if code := MainWith(status, Streams{Out: &out, Err: os.Stderr}, nil); code != 0 {
		os.Exit(code)
	}
	var told guardTold
	must(json.Unmarshal(out.Bytes(), &told))
	args = append([]string{"guard", "arm", "--for", "1h", "--reason", "rehearsed", "--identity", told.Identity}, args...)
	os.Exit(MainWith(args, Streams{Out: os.Stdout, Err: os.Stderr}, nil))
}

// statement is the SQL that is given, that of @FILE, or that of standard input.
func statement(args []string) string {
	if len(args) > 0 && !strings.HasPrefix(args[0], "@") {
		return strings.Join(args, " ")
	}
	in := os.Stdin
	if len(args) > 0 {
		file, err := os.Open(args[0][1:])
		must(err)
		in = file
	}
	text, err := io.ReadAll(in)
	must(err)
	return string(text)
}

func printRow(cells []string) { fmt.Println(strings.Join(cells, "|")) }

// sqliteProgram is sqlite3 without its comforts: sqlite FILE SQL, or the SQL
// in @FILE or on standard input. It makes the file when it is missing.
func sqliteProgram() { querySQLite(os.Args[1], statement(os.Args[2:])) }

func querySQLite(file, text string) {
	db, err := sql.Open("sqlite", file)
	must(err)
	defer db.Close()
	rows, err := db.Query(text)
	must(err)
	defer rows.Close()
	columns, err := rows.Columns()
	must(err)
	for rows.Next() {
		cells := make([]any, len(columns))
		into := make([]any, len(columns))
		for i := range cells {
			into[i] = &cells[i]
		}
		must(rows.Scan(into...))
		texts := make([]string, len(columns))
		for i, cell := range cells {
			texts[i] = shown(cell)
		}
		printRow(texts)
	}
	must(rows.Err())
}

// shown writes a cell as sqlite3 does; the driver makes times of what a date
// column holds.
func shown(cell any) string {
	switch cell := cell.(type) {
	case nil:
		return ""
	case []byte:
		return string(cell)
	case time.Time:
		return strings.TrimSuffix(cell.Format("2006-01-02 15:04:05"), " 00:00:00")
	}
	return fmt.Sprint(cell)
}

// jsonProgram reads JSON lines, or one document, and prints a value of each:
// json FILE entities.person.created. Without the key it prints nothing.
func jsonProgram() {
	file, err := os.Open(os.Args[1])
	must(err)
	decoder := json.NewDecoder(bufio.NewReader(file))
	decoder.UseNumber()
	for {
		var value any
		err := decoder.Decode(&value)
		if errors.Is(err, io.EOF) {
			return
		}
		must(err)
		found := true
		for _, key := range strings.Split(os.Args[2], ".") {
			object, ok := value.(map[string]any)
			if value, found = object[key]; !ok || !found {
				found = false
				break
			}
		}
		if found {
			fmt.Println(value)
		}
	}
}

// hexProgram prints the first bytes of a file: hex FILE 3.
func hexProgram() {
	text, err := os.ReadFile(os.Args[1])
	must(err)
	n, err := strconv.Atoi(os.Args[2])
	must(err)
	fmt.Println(hex.EncodeToString(text[:min(n, len(text))]))
}
