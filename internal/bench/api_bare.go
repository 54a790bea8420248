package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"time"
)

// How the bare client and Landfall call the API.
const (
	apiCalls   = 4 // at a time
	apiBatch   = 100
	apiLookUps = 100
	apiUser    = "emulated"
	apiSecret  = "emulated-secret"
)

// bare takes what a client costs that makes calls and nothing else. It is this
// process.
func (g *apiGround) bare(ctx context.Context, calls func(ctx context.Context, first, last int) (operation string, form []url.Values)) (*cost, error) {
	ownBefore, serverBefore := ownTime(), serverTime(g.serverProcess)
	began := time.Now()
	parts := make(chan int)
	failures := make(chan error, apiCalls)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var callers sync.WaitGroup
	for range apiCalls {
		callers.Go(func() {
			for first := range parts {
				operation, forms := calls(ctx, first, min(first+apiBatch-1, g.rows))
				for _, form := range forms {
					if _, err := g.call(ctx, operation, form); err != nil {
						failures <- err
						cancel()
						return
					}
				}
			}
		})
	}
send:
	for first := 1; first <= g.rows; first += apiBatch {
		select {
		case parts <- first:
		case <-ctx.Done():
			break send
		}
	}
	close(parts)
	callers.Wait()
	close(failures)
	if err := <-failures; err != nil {
		return nil, err
	}
	return &cost{took: time.Since(began), own: ownTime() - ownBefore, server: serverTime(g.serverProcess) - serverBefore}, ctx.Err()
}

func ownTime() time.Duration {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func (g *apiGround) postBatches(_ context.Context, first, last int) (string, []url.Values) {
	var records bytes.Buffer
	for n := first; n <= last; n++ {
		between := byte(',')
		if n == first {
			between = '['
		}
		records.WriteByte(between)
		records.Write(memberJSON(n, "Ulm"))
	}
	records.WriteByte(']')
	return "entity.bulkCreate", []url.Values{{"type_name": {"user"}, "all_attributes": {records.String()}}}
}

func (g *apiGround) postUpdates(_ context.Context, first, last int) (string, []url.Values) {
	var forms []url.Values
	for n := first; n <= last; n++ {
		forms = append(forms, url.Values{
			"type_name": {"user"}, "key_attribute": {"email"}, "key_value": {`"` + memberMail(n) + `"`}, "value": {`{"primaryAddress":{"city":"Köln"}}`},
		})
	}
	return "entity.update", forms
}

func (g *apiGround) postLookUps(_ context.Context, first, last int) (string, []url.Values) {
	var terms []string
	for n := first; n <= last; n++ {
		terms = append(terms, "email = '"+memberMail(n)+"'")
	}
	return "entity.find", []url.Values{{"type_name": {"user"}, "filter": {strings.Join(terms, " or ")}, "max_results": {"1000"}}}
}

func (g *apiGround) countMembers(ctx context.Context, filter string) (int, error) {
	answer, err := g.call(ctx, "entity.count", url.Values{"type_name": {"user"}, "filter": {filter}})
	return answer.Total, err
}

// apiAnswer is what of an answer the bare client looks at.
type apiAnswer struct {
	Stat  string `json:"stat"`
	Total int    `json:"total_count"`
}

func (g *apiGround) call(ctx context.Context, operation string, form url.Values) (answer apiAnswer, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, g.address+"/"+operation, strings.NewReader(form.Encode()))
	if err != nil {
		return answer, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(apiUser, apiSecret)
	response, err := g.client.Do(request)
	if err != nil {
		return answer, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil {
		err = json.Unmarshal(text, &answer)
	}
	if err == nil && answer.Stat != "ok" {
		err = errors.New("the API refuses it: " + string(text[:min(len(text), 200)]))
	}
	if err != nil {
		return answer, fmt.Errorf("%s: %w", operation, err)
	}
	return answer, nil
}
