package csv

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"landfall/internal/connector/textfile"
	"landfall/internal/source"
)

func TestOpenRefuses(t *testing.T) {
	for _, test := range []struct {
		name    string
		content string
		from    source.From
		want    string
	}{
		{"empty", "", source.From{}, "customers.csv is empty: its first row must name the columns"},
		{"only a mark", "\xef\xbb\xbf", source.From{}, "customers.csv is empty: its first row must name the columns"},
		{"blank line", "\nID\n", source.From{}, "customers.csv: line 1: column 1 of 1 has no name; the first row must name the columns"},
		{"blank name", "ID, ,Name\n", source.From{}, "customers.csv: line 1: column 2 of 3 has no name"},
		{"delimiter at the end", "ID,Name,\n", source.From{}, "customers.csv: line 1: column 3 of 3 has no name; does the header end with a delimiter?"},
		{"same name", "ID,Name,ID\n", source.From{}, `customers.csv: line 1: columns 1 and 3 are both named "ID"`},
		{"bad header", "ID,\"Name\n1,2\n", source.From{}, "customers.csv: line 1 opens a quote in cell 2 that is never closed"},
		{"header encoding", "ID,Stra\xdfe\n", source.From{}, "customers.csv: line 1 is not UTF-8 text at byte 7 of the file"},
		{"no key", "ID\n", source.From{Key: []string{}}, "customers.csv: no key column is given"},
		{"near", "CustomerId,Name\n", source.From{Key: []string{"CustomerID"}}, `customers.csv: line 1: no column "CustomerID" (did you mean "CustomerId"?)`},
		{"not near", "a,b\n", source.From{Key: []string{"CustomerID"}}, `customers.csv: line 1: no column "CustomerID"`},
		{"delimiter", "ID;Name\n", source.From{}, `customers.csv: line 1: no column "ID"; the header is a single name with ';' in it: set ` + "`delimiter`"},
		{"where", "ID\n", source.From{Where: "1=1"}, "customers.csv: `where` is for tables; a file is read as a whole"},
		{"long delimiter", "ID\n", source.From{Settings: settings{Delimiter: "||"}}, `customers.csv: delimiter must be one character, such as ";" (a tab is written "\t")`},
		{"skip", "ID\n", source.From{Settings: settings{Skip: -1}}, "customers.csv: skip must be a number from 0"},
		{"line break", "ID\n", source.From{Settings: settings{Quote: "\n"}}, "customers.csv: quote must not be a line break or NUL"},
		{"same characters", "ID\n", source.From{Settings: settings{Delimiter: `"`}}, "customers.csv: delimiter and quote must differ"},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.from.File = writeFile(t, test.content)
			if test.from.Key == nil {
				test.from.Key = []string{"ID"}
			}
			_, err := New().Open(context.Background(), test.from)
			if err == nil || err.Error() != test.want {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}

func TestOpenMissingFile(t *testing.T) {
	path := writeFile(t, "ID\n")
	asked := filepath.Join(filepath.Dir(path), "customer.csv")
	_, err := New().Open(context.Background(), source.From{File: asked, Key: []string{"ID"}})
	if want := "no file " + asked + " (did you mean customers.csv?): file does not exist"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if _, err = New().Open(context.Background(), source.From{File: filepath.Dir(path), Key: []string{"ID"}}); err == nil {
		t.Error("a folder was opened")
	}
}

func TestOriginSaysWhatItIs(t *testing.T) {
	origin := open(t, "ID;Name\r\n1;a\r\n", source.From{Settings: settings{Delimiter: ";"}})
	facts, err := origin.Fingerprint(context.Background())
	sum := sha256.Sum256([]byte("ID;Name\r\n1;a\r\n"))
	if err != nil || !slices.Equal(facts, []source.Fact{{Name: "size", Value: "14"}, {Name: "sha256", Value: hex.EncodeToString(sum[:])}}) {
		t.Errorf("fingerprint %v, %v", facts, err)
	}
	parts, err := origin.Slices(context.Background())
	if err != nil || len(parts) != 1 || parts[0] != (source.Slice{Name: "customers.csv", Count: -1, Bytes: 14}) {
		t.Errorf("slices %v, %v", parts, err)
	}
	if origin.KeyProven() || origin.format != (Format{Delimiter: ";", Quote: `"`, CRLF: true}) || origin.Columns()[1].Name != "Name" {
		t.Errorf("format %v, columns %v", origin.format, origin.Columns())
	}
}

// TestChangedWhileRead does to a file what people do to files.
func TestChangedWhileRead(t *testing.T) {
	content := "ID,Name\n" + strings.Repeat("1,some name\n", textfile.BufferSize/4)
	for _, test := range []struct {
		name string
		do   func(path string) error
		want string
	}{
		{"cut", func(path string) error { return os.Truncate(path, int64(len(content)/2)) }, "was changed while it was being read: it had"},
		{"removed", os.Remove, "was removed or replaced while it was being read"},
		{"replaced", func(path string) error {
			if err := os.WriteFile(path+".new", []byte(content), 0o600); err != nil {
				return err
			}
			return os.Rename(path+".new", path)
		}, "was removed or replaced while it was being read"},
		{"touched", func(path string) error { return os.Chtimes(path, time.Time{}, time.Unix(1, 0)) }, "was changed while it was being read"},
	} {
		t.Run(test.name, func(t *testing.T) {
			origin := open(t, content, source.From{})
			r, err := origin.Read(context.Background(), source.Slice{}, source.Position{})
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			for err == nil {
				if r.Position().Number == 10 {
					if err := test.do(origin.sheets[0].Path); err != nil {
						t.Fatal(err)
					}
				}
				_, _, err = r.Read()
			}
			if !strings.HasPrefix(err.Error(), "customers.csv "+test.want) {
				t.Errorf("the end is %v", err)
			}
			if _, err := origin.Read(context.Background(), source.Slice{}, source.Position{}); err == nil {
				t.Error("a changed file was opened again")
			}
		})
	}
}

func TestReadStopsWhenCancelled(t *testing.T) {
	origin := open(t, "ID\n1\n", source.From{})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r, err := origin.Read(ctx, source.Slice{}, source.Position{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, _, err := r.Read(); err != context.Canceled {
		t.Errorf("Read: %v", err)
	}
	if _, err := origin.Fingerprint(ctx); err != context.Canceled {
		t.Errorf("Fingerprint: %v", err)
	}
}

func TestReadOnAtAPlaceThatIsNotThere(t *testing.T) {
	origin := open(t, "ID\n1\n", source.From{})
	if _, err := origin.Read(context.Background(), source.Slice{}, source.Position{Offset: 100}); err == nil || err == io.EOF {
		t.Errorf("Read: %v", err)
	}
}
