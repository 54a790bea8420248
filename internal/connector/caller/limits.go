package caller

import (
	"errors"
	"strconv"
	"time"

	"landfall/internal/target"
)

// Limits are how gently an API is treated. The zero value of each stands for
// its default, but for Rate.
type Limits struct {
	Rate    Rate          `yaml:"rate"`    // calls a second, over all lanes; 0: no limit of our own
	Burst   int           `yaml:"burst"`   // calls that may be made up for at once after a pause
	Calls   int           `yaml:"calls"`   // at a time
	Timeout time.Duration `yaml:"timeout"` // of one call, from sending it to the end of its answer
	// ConnectTimeout is how long a connection may take to be there, TLS included.
	ConnectTimeout time.Duration `yaml:"connect_timeout"`
	// Patience is how long an API may stay out of reach, or throttle, before the
	// run gives up.
	Patience time.Duration `yaml:"patience"`
	// Denials is how many refusals of access in a row end the run.
	Denials int `yaml:"denials"`
	// Answer is the largest answer that is read, in bytes.
	Answer int64 `yaml:"-"`
}

// Rate is a number of calls in a second.
type Rate float64

// UnmarshalText reads a number, or "none".
func (r *Rate) UnmarshalText(text []byte) error {
	if string(text) == "none" {
		*r = 0
		return nil
	}
	rate, err := strconv.ParseFloat(string(text), 64)
	if err != nil || !(rate > 0) || rate > mostCallsASecond {
		return errors.New("expected calls per second, a number above 0 such as 4 or 0.5, or none")
	}
	*r = Rate(rate)
	return nil
}

const mostCallsASecond = 1e6

// The defaults, careful enough for an API about which nothing is said.
const (
	DefaultRate           = 10
	DefaultCalls          = 4
	defaultTimeout        = 30 * time.Second
	defaultConnectTimeout = 10 * time.Second
	defaultPatience       = target.DefaultPatience
	defaultDenials        = 3
	defaultAnswer         = 64 << 20
)

// Completed puts defaults where nothing is said.
func (l Limits) Completed() Limits {
	fill(&l.Burst, 1)
	fill(&l.Calls, DefaultCalls)
	fill(&l.Timeout, defaultTimeout)
	fill(&l.ConnectTimeout, defaultConnectTimeout)
	fill(&l.Patience, defaultPatience)
	fill(&l.Denials, defaultDenials)
	fill(&l.Answer, defaultAnswer)
	return l
}

func fill[T int | int64 | time.Duration](limit *T, otherwise T) {
	if *limit == 0 {
		*limit = otherwise
	}
}

// Fault says which key holds what no limit can be, and what is expected there;
// both are empty when all is well.
func (l Limits) Fault() (key, expected string) {
	switch {
	case l.Burst < 0:
		return "burst", "expected a whole number above 0"
	case l.Calls < 0 || l.Calls > 1000:
		return "calls", "expected a whole number from 1 to 1000"
	case l.Timeout < 0:
		return "timeout", "expected a duration above 0 such as 30s"
	case l.ConnectTimeout < 0:
		return "connect_timeout", "expected a duration above 0 such as 10s"
	case l.Patience < 0:
		return "patience", "expected a duration above 0 such as 10m"
	case l.Denials < 0:
		return "denials", "expected a whole number above 0"
	}
	return "", ""
}
