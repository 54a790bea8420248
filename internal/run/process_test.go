package run

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"landfall/internal/books"
)

// A holder is gone only when this process can know it.
func TestHolderGone(t *testing.T) {
	ended := exec.Command("true")
	if err := ended.Run(); err != nil {
		t.Skip(err)
	}
	zombie := exec.Command("true")
	out, err := zombie.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := zombie.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = out.Read(make([]byte, 1)) // its end; it stays a zombie until it is waited for
	defer func() { _ = zombie.Wait() }()
	mine := processID()
	_, rest, _ := strings.Cut(mine, " pid ")
	if _, seen := started(os.Getpid()); seen != alive {
		t.Skip("there is no /proc")
	}
	space, err := os.Readlink("/proc/self/ns/pid")
	if err != nil || !strings.Contains(mine, space) {
		t.Errorf("%s does not name the process namespace %q: %v", mine, space, err)
	}
	for _, test := range []struct {
		name, process string
		gone          bool
	}{
		{"this one", mine, false},
		{"ended", fmt.Sprintf("%s pid %d start 1", machine(), ended.Process.Pid), true},
		{"its pid was given out again", fmt.Sprintf("%s pid %d start 1", machine(), os.Getpid()), true},
		{"start unknown", fmt.Sprintf("%s pid %d start ", machine(), os.Getpid()), false},
		{"another namespace", fmt.Sprintf("%s pid %d start 1", strings.Replace(machine(), space, "pid:[1]", 1), ended.Process.Pid), false},
		{"a namespace that nobody can tell", fmt.Sprintf("%s pid %d start 1", strings.TrimSuffix(machine(), space), ended.Process.Pid), false},
		{"another machine", "elsewhere pid " + rest, false},
		{"no process", "somebody", false},
	} {
		if gone := holderGone(books.Holder{Process: test.process}); gone != test.gone {
			t.Errorf("%s (%s): gone %v", test.name, test.process, gone)
		}
	}
}
