package guard

import "testing"

// A name that shows nobody, or that looks like the author's, is nobody else.
func TestA18ApprovalByNobodyIsNoApproval(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", " ", "@", "@vm", " @vm", "ann\u200b@pc", "\u200bann", "ann\u00a0", "ann\u00ad", "ann\u3164", "ann\u2800", "ann\ufe0f", "ann\x00", "ann\n", "ann\xff"} {
		if NameFlaw(name) == nil {
			t.Errorf("%q passes for a name", name)
		}
	}
	for _, name := range []string{"Ann Smith", "ann@pc", "Zoë", "José", "José", "李雷", "Ó Máille"} {
		if err := NameFlaw(name); err != nil {
			t.Errorf("%q is no name: %v", name, err)
		}
	}
	for _, pair := range [][2]string{{"ann", "ann@pc"}, {"ANN @vm", "ann@pc"}, {"Ann  Smith", "ann smith"}, {"jos\u00e9", "jose\u0301@pc"}} {
		if !samePerson(pair[0], pair[1]) {
			t.Errorf("%q and %q count as two", pair[0], pair[1])
		}
	}
	gate := NewGate(nil, Rules{Connection: "crm", Protected: true, Approval: true}, Asking{PlanHash: "1", PlanAuthor: "ann@pc", Approvals: []Approval{{PlanHash: "1", By: "@vm"}, {PlanHash: "1", By: "ann\u200b"}}})
	if refusal := gate.approved(); refusal == nil || refusal.Code != CodeApproval {
		t.Errorf("nobody approved, and it is let in: %v", refusal)
	}
	gate.who.Approvals = append(gate.who.Approvals, Approval{PlanHash: "1", By: "ben"})
	if refusal := gate.approved(); refusal != nil {
		t.Errorf("ben approved, and it is refused: %v", refusal)
	}
}
