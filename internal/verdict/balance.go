package verdict

// BalanceState is what the balance of a table comes to.
type BalanceState string

// The states of a balance.
const (
	BalanceHolds  BalanceState = "ok"
	BalanceFailed BalanceState = "failed"
)

// Balance holds the rows of a target table that a run had found and made against
// those that are there.
type Balance struct {
	Table    string       `json:"table"`
	Entities []string     `json:"entities"`
	Run      string       `json:"run"`
	Before   int64        `json:"before"`
	Read     int64        `json:"read"`
	Rejected int64        `json:"rejected"` // failed, blocked and unknown ones
	Made     int64        `json:"made"`     // rows
	Expected int64        `json:"expected"` // before and made
	Actual   int64        `json:"actual"`
	State    BalanceState `json:"verdict"`
	// Business are rows beyond those that are expected: others have made them
	// since the run began.
	Business     int64    `json:"by_business"`
	BusinessRows []string `json:"by_business_rows,omitempty"` // the first of them, as far as their keys tell
	// Gone are rows that the run made and that are not there.
	Gone        int64    `json:"gone"`
	GoneRecords []string `json:"gone_records,omitempty"` // the first of them, each with its row
	// Lost are rows that were there before the run and are not any more.
	Lost int64 `json:"lost"`
}

// Judge says what the numbers come to. Of rows that are gone and rows that came
// besides, only those are told apart that the run made. In a live target people
// may take their own rows away.
func (b *Balance) Judge(live bool) {
	b.Expected = b.Before + b.Made
	switch beyond := b.Actual - (b.Expected - b.Gone); {
	case beyond > 0:
		b.Business = beyond
	case beyond < 0:
		b.Lost = -beyond
	}
	if b.State = BalanceHolds; b.Gone > 0 || b.Lost > 0 && !live {
		b.State = BalanceFailed
	}
}
