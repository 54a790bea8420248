package books

import (
	"strings"
	"testing"
)

// TestHeldErrorIsReadable: what tells one process from every other one is for
// programs.
func TestHeldErrorIsReadable(t *testing.T) {
	held := &HeldError{Holder{Migration: "acme", Name: "ada@vm", Process: "vm/0b1-c2/pid:[4026531836] pid 16371 start 630256", Run: "acme-0001", AcquiredAt: "then", ExpiresAt: "soon"}}
	if text := held.Error(); !strings.Contains(text, "is being run by ada@vm (pid 16371, run acme-0001, since then)") {
		t.Error(text)
	}
	held.Holder.Process = "of another version"
	if text := held.Error(); !strings.Contains(text, "ada@vm (of another version, run") {
		t.Error(text)
	}
}
