package mapping_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"landfall/internal/mapping"
)

func throttled(throttle string) string {
	return strings.Replace(described, `new: "sqlite:new.db"`, `new: {url: "sqlite:new.db"`+throttle+"}", 1)
}

func TestThrottle(t *testing.T) {
	file := parse(t, throttled(`, throttle: {rows_per_second: 5000, lanes: 2, pause_while: "SELECT true", pause_on_lag: 10s, check_every: 500ms}`))
	got := file.Connection("new").Throttle
	if got == nil || got.RowsPerSecond != 5000 || got.Lanes != 2 || got.PauseWhile != "SELECT true" || got.PauseOnLag != 10*time.Second || got.CheckEvery != 500*time.Millisecond {
		t.Errorf("%+v", got)
	}
	if at := got.PositionOf("pause_while"); at.Line != 3 || at.Column <= got.Position.Column {
		t.Errorf("pause_while is at %v, throttle at %v", at, got.Position)
	}
	if every := parse(t, throttled(`, throttle: {pause_while: "SELECT 1"}`)).Connection("new").Throttle.CheckEvery; every != 5*time.Second {
		t.Errorf("looked at every %s unless told", every)
	}
	if file.Connection("old").Throttle != nil {
		t.Error("a throttle that nobody wrote")
	}
}

// TestThrottleIsNoDrift: how fast a run may go says nothing about what lands,
// so an unfinished run goes on under another throttle.
func TestThrottleIsNoDrift(t *testing.T) {
	bare := parse(t, throttled(""))
	for _, throttle := range []string{`, throttle: {rows_per_second: 5}`, `, throttle: {lanes: 1, pause_while: "SELECT 0", pause_on_lag: 1m}`} {
		file := parse(t, throttled(throttle))
		if file.Hash != bare.Hash || !slices.Equal(file.Describe(), bare.Describe()) {
			t.Errorf("%s changes what the mapping means:\n%s", throttle, strings.Join(file.Describe(), "\n"))
		}
	}
	if other := parse(t, throttled(`, environment: test`)); other.Hash == bare.Hash {
		t.Error("the environment of the connection does not change the hash")
	}
}

// TestGentlenessOfAnAPIIsNoDrift: nor do its limits and the size of its calls,
// while what it is and how its answers are understood does.
func TestGentlenessOfAnAPIIsNoDrift(t *testing.T) {
	of := func(settings string) *mapping.File {
		return parse(t, strings.Replace(described, `new: "sqlite:new.db"`, `new: {kind: some, url: "https://x.org"`+settings+"}", 1))
	}
	bare := of("")
	for _, settings := range []string{`, limits: {rate: 2, calls: 3}`, `, timeout: 20s, records: 7, bytes: 1MB, find: 9`, `, unknown: {codes: [340]}`} {
		if file := of(settings); file.Hash != bare.Hash || !slices.Equal(file.Describe(), bare.Describe()) {
			t.Errorf("%s changes what the mapping means:\n%s", settings, strings.Join(file.Describe(), "\n"))
		}
	}
	for _, settings := range []string{`, marker: mark`, `, types: {a: {limits: 5}}`, `, headers: {timeout: x}`} {
		if of(settings).Hash == bare.Hash {
			t.Errorf("%s does not change the hash", settings)
		}
	}
}

// TestMisspeltProtection: a key of a connection that is nearly right would leave
// a live target open.
func TestMisspeltProtection(t *testing.T) {
	for given, says := range map[string]string{
		`, enviroment: production`:                                `connections.new: unknown key "enviroment", did you mean "environment"?`,
		`, environment: production, gaurd: {approval: other}`:     `connections.new: unknown key "gaurd", did you mean "guard"?`,
		`, environment: production, timezone: Australia/Brisbane`: `connections.new: unknown key "timezone", expected url, password, environment, throttle or guard`,
	} {
		_, err := mapping.ParseBytes("landfall.yaml", []byte(throttled(given)))
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", given, err)
		}
	}
}
