package dataload

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Months have their English names, and nothing is ever written over: a second run
// of one second gets names of its own.
func TestStampsNeverMeet(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := time.Date(2019, time.May, 2, 9, 5, 7, 0, time.Local)
	var claimed []*stamp
	for range 3 {
		s, err := claimStamp(dir, at, kinds)
		if err != nil {
			t.Fatal(err)
		}
		claimed = append(claimed, s)
	}
	for i, want := range []string{"success_May_02_2019_09_05_07.csv", "success_May_02_2019_09_05_07_2.csv", "success_May_02_2019_09_05_07_3.csv"} {
		if got := filepath.Base(claimed[i].path(kindSuccess)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if err := claimed[i].release(); err != nil {
			t.Fatal(err)
		}
	}
	// A file of another kind alone keeps a stamp, too.
	if err := os.WriteFile(claimed[0].path(kindFail), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := claimStamp(dir, at, kinds)
	if err != nil {
		t.Fatal(err)
	}
	if got := filepath.Base(s.path(kindSuccess)); got != "success_May_02_2019_09_05_07_2.csv" {
		t.Errorf("got %s", got)
	}
}

// Logs end before they fill a disk, nothing of the newest lines is lost, and a
// secret that the outside world repeats is masked.
func TestLogsRotateAndKeepSecrets(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log, err := OpenLog(dir, "dataload", "very-secret", "")
	if err != nil {
		t.Fatal(err)
	}
	line := strings.Repeat("x", 1<<20)
	for i := range 25 {
		log.Debugf("line %d very-secret %s", i, line)
		log.Infof("done %d", i)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "dataload*"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 4 { // the log of everything, what it was twice before, and the other one
		t.Errorf("files: %v", files)
	}
	var all []byte
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if len(text) > logBytes {
			t.Errorf("%s has %d bytes", file, len(text))
		}
		all = append(all, text...)
	}
	for i := range 25 {
		if want := fmt.Sprintf("DEBUG line %d *** xxx", i); !bytes.Contains(all, []byte(want)) {
			t.Errorf("%q is in no log", want)
		}
	}
	if bytes.Contains(all, []byte("very-secret")) {
		t.Error("the secret is in a log")
	}
	info, err := os.ReadFile(filepath.Join(dir, "dataload_info.log"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(info, []byte("DEBUG")) || bytes.Count(info, []byte("INFO done")) != 25 {
		t.Errorf("dataload_info.log: %.300s", info)
	}
}

// What is composed is kept apart by API, type and key.
func TestPlacesOfMappings(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		uri  string
		o    Options
		want string
	}{
		{"https://app.janraincapture.com", Options{Type: "user", PrimaryKey: "email"}, "w/app.janraincapture.com/dataload-user.yaml"},
		{"http://127.0.0.1:8080/x", Options{Type: "a/b c", PrimaryKey: "loyalty.id"}, "w/127.0.0.1-8080-x/dataload-a-b-c-by-loyalty.id.yaml"},
	} {
		test.o.Workspace = "w"
		got, err := test.o.mappingPath(test.uri)
		if err != nil || filepath.ToSlash(got) != test.want {
			t.Errorf("got %s, %v, want %s", got, err, test.want)
		}
	}
	for _, uri := range []string{"https://", "https://u:p@x.org"} {
		if _, err := (&Options{Workspace: "w"}).mappingPath(uri); err == nil || strings.Contains(err.Error(), "u:p") {
			t.Errorf("%s: %v", uri, err)
		}
	}
}
