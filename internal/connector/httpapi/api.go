package httpapi

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"landfall/internal/connector/caller"
	"landfall/internal/mapping"
	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// api is a described API.
type api struct {
	calls   *caller.Caller
	headers map[string]string
	kinds   map[string]*kind
	ask     *request
	secrets []string // that no message may repeat
}

// New makes an API of a description. It makes no call.
func New(d Description) (target.API, error) {
	a, found := compile(&d)
	if err := found.err(); err != nil {
		return nil, err
	}
	return a, a.connect(&d)
}

func compile(d *Description) (*api, faults) {
	c := &compiling{Description: d}
	a := &api{headers: d.Headers, secrets: append(d.Auth.Secrets(), d.Secrets...), kinds: map[string]*kind{}}
	compileJudge(d.Answers, []string{"answers"}, resultNames, d.Answers.Code != "", &c.faults)
	for _, t := range d.Types {
		a.kinds[t.Name] = c.kind(t, []string{"types", t.Name})
	}
	if len(d.Types) == 0 {
		c.faults.add([]string{"types"}, "", "expected a mapping from the API's types of record to their requests")
	}
	a.ask = c.request(d.Ask, toAsk, "ask", []string{"ask"})
	return a, c.faults
}

// connect gives the API its caller.
func (a *api) connect(d *Description) (err error) {
	a.calls, err = caller.New(d.URL, d.Auth, d.Limits)
	return err
}

// Identity implements target.API.
func (a *api) Identity() string { return a.calls.URL() }

// Table implements target.API.
func (a *api) Table(_ context.Context, name string, fields []string) (*sqldb.Table, error) {
	k := a.kinds[name]
	if k == nil {
		names := slices.Sorted(maps.Keys(a.kinds))
		return nil, fmt.Errorf("%w: the connection describes no type %q, only %s%s", sqldb.ErrNoTable, name, strings.Join(names, ", "), mapping.Hint(name, names))
	}
	return k.table(fields)
}

// Remote implements target.API.
func (a *api) Remote(table *sqldb.Table, key []sqldb.Column) (target.Remote, error) {
	k := a.kinds[table.Name.Table]
	if k == nil {
		return nil, fmt.Errorf("%w: %s", sqldb.ErrNoTable, table.Name)
	}
	return newRemote(a, k, table, key)
}

// Calls implements target.API.
func (a *api) Calls() int { return a.calls.Limits().Calls }

// Ask implements target.API.
func (a *api) Ask(ctx context.Context) error {
	asked := a.ask
	filling := words{}
	for _, name := range slices.Sorted(maps.Keys(a.kinds)) {
		if asked == nil && a.kinds[name].counted != nil {
			asked, filling = a.kinds[name].counted, words{"type": name}
		}
	}
	if asked == nil {
		return nil
	}
	call, err := asked.call(filling, a.headers)
	if err != nil {
		return fmt.Errorf("%s: %w", asked.name, err)
	}
	call.Repeatable, call.Once = true, true
	said, err := a.do(ctx, asked, call, nil)
	if err == nil && said.verdict != success {
		err = fmt.Errorf("%s: %s", asked.name, said.message)
	}
	return err
}

// Observe implements target.API.
func (a *api) Observe(notice func(target.Notice)) { a.calls.Observe(notice) }

// Close implements target.API.
func (a *api) Close() { a.calls.Close() }

// said is the answer to a call, taken apart and judged.
type said struct {
	ruling
	parsed
	number int64
	again  bool  // the call had been sent before, and what became of it then is not known
	found  []any // the records that a reading call answered with
}

// do makes a call and judges its answer. Beside an error, the verdict is unknown
// where the call was sent, and undecided where it was not. carried gives the
// values that the call carries, which no message may repeat; nil: none.
func (a *api) do(ctx context.Context, q *request, call caller.Call, carried func() []string) (said, error) {
	return a.doFor(ctx, q, call, carried, 1)
}

// doFor is do for a call that carries so many records. What refuses one of several
// with 403 and nothing of the API's own is likely a gateway that finds it too
// large: where it does so with a single record, too, access is denied.
func (a *api) doFor(ctx context.Context, q *request, call caller.Call, carried func() []string, records int) (said, error) {
	var s said
	call.Judge = func(answer caller.Answer) caller.Judgement {
		s.parsed = parse(answer)
		s.ruling = q.judge.whole(s.parsed, q.purpose)
		if s.verdict == denied && records > 1 && answer.Status == http.StatusForbidden && !s.json {
			s.verdict = oversize
		}
		if s.verdict == success {
			var why string
			if s.found, why = q.reads(s.parsed, answer.Status); why != "" {
				s.ruling = ruling{verdict: unknown, message: why}
				return s.meaning()
			}
		}
		if s.verdict != success {
			s.ruling = a.told(s.ruling, carried)
		}
		if s.message == "" && s.verdict != success {
			s.message = "HTTP " + caller.StatusText(answer.Status)
		}
		return s.meaning()
	}
	reply, err := a.calls.Do(ctx, call)
	s.number, s.again = reply.Number, reply.Again
	switch reply.Meaning {
	case caller.Unknown:
		s.verdict, s.message = unknown, reply.Why
	case caller.Unsent, caller.Throttled, caller.Denied:
		s.verdict, s.message = undecided, reply.Why
	}
	return s, err
}

// canonical is a key or a tuple as text that equal ones have in common.
func canonical(values []record.Value, columns []sqldb.Column) string {
	parts := make([]string, len(values))
	for i, value := range values {
		parts[i] = value.String()
		if columns[i].Type.FoldCase {
			parts[i] = strings.ToLower(parts[i])
		}
	}
	return record.JoinKey(parts...)
}
