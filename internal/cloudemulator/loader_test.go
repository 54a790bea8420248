package cloudemulator

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// loader speaks as the vendor's loader and its client library do: bytes on a
// connection of its own for each call, signed, with a Date that is not HTTP's.
type loader struct {
	address, id, secret string
}

// outcome is how the library classifies an answer.
type outcome struct {
	result map[string]any
	api    int // an error of the API
	http   int // an error of HTTP
	err    error
}

func (l loader) call(operation string, parameters map[string]any) outcome {
	form := url.Values{}
	for name, value := range parameters {
		switch value := value.(type) {
		case nil: // is not sent
		case string:
			form.Set(name, value)
		case int:
			form.Set(name, strconv.Itoa(value))
		case bool:
			form.Set(name, strconv.FormatBool(value))
		default:
			text, err := json.Marshal(value)
			if err != nil {
				return outcome{err: err}
			}
			form.Set(name, string(text))
		}
	}
	date := time.Now().UTC().Format(SignatureDate)
	body := form.Encode()
	head := fmt.Sprintf("POST /%s HTTP/1.1\r\nHost: %s\r\nUser-Agent: janrain-python-api 0.4.0\r\nAccept-encoding: gzip\r\nAccept: */*\r\nConnection: close\r\n"+
		"Date: %s\r\nAuthorization: Signature %s:%s\r\nContent-Length: %d\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n",
		operation, l.address, date, l.id, Signature(l.secret, "/"+operation, date, form), len(body))
	connection, err := net.Dial("tcp", l.address)
	if err != nil {
		return outcome{err: err}
	}
	defer connection.Close()
	if _, err := io.WriteString(connection, head+body); err != nil {
		return outcome{err: err}
	}
	raw, err := io.ReadAll(connection)
	if err != nil {
		return outcome{err: err}
	}
	return classify(raw)
}

func classify(raw []byte) outcome {
	top, body, found := bytes.Cut(raw, []byte("\r\n\r\n"))
	if !found {
		return outcome{err: errors.New("the connection ended without an answer")}
	}
	status, err := strconv.Atoi(strings.Fields(string(top))[1])
	if err != nil {
		return outcome{err: err}
	}
	if bytes.Contains(top, []byte("Content-Encoding: gzip")) {
		if bytes.Contains(top, []byte("chunked")) {
			body = unchunked(body)
		}
		unpacked, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return outcome{err: err}
		}
		if body, err = io.ReadAll(unpacked); err != nil {
			return outcome{err: err}
		}
	}
	var result map[string]any
	switch err := json.Unmarshal(body, &result); {
	case err != nil && status >= http.StatusBadRequest:
		return outcome{http: status}
	case err != nil:
		return outcome{err: err}
	case result["stat"] == "error":
		return outcome{api: int(result["code"].(float64)), result: result}
	case status >= http.StatusBadRequest && status != http.StatusBadRequest && status != http.StatusUnauthorized:
		return outcome{http: status}
	}
	return outcome{result: result}
}

func unchunked(body []byte) []byte {
	var whole []byte
	for {
		size, rest, _ := bytes.Cut(body, []byte("\r\n"))
		n, err := strconv.ParseInt(string(size), 16, 64)
		if err != nil || n == 0 {
			return whole
		}
		whole = append(whole, rest[:n]...)
		body = rest[n+2:]
	}
}

// The loader's whole way: count, create in batches, update what was there with
// its plurals replaced one by one, and take back what was created.
func TestTheVendorsLoaderGoesItsWay(t *testing.T) {
	t.Parallel()
	s := serve(t, Options{Clients: []Client{{ID: "cid123", Secret: "s3cret", Features: []string{"direct_access"}}}})
	l := loader{strings.TrimPrefix(s.url, "http://"), "cid123", "s3cret"}
	rows := func(from, to int) (rows []map[string]any) {
		for i := from; i < to; i++ {
			rows = append(rows, map[string]any{
				"email": fmt.Sprintf("ü%d+x&y=z@x.org", i), "givenName": `Ö "quoted", ` + "\nline", "birthday": "1990-01-02 00:00:00", "gender": "not specified",
				"password": map[string]any{"type": "password-md5", "value": "abc"}, "optIn": map[string]any{"status": true},
				"primaryAddress": map[string]any{"city": "Ulm", "zip": nil}, "clients": []map[string]any{{"clientId": "1"}}, "created": "2001-02-03 04:05:06",
			})
		}
		return rows
	}
	if first := l.call("entity.bulkCreate", map[string]any{"type_name": "user", "timeout": 10, "all_attributes": rows(0, 100)}); first.result["stat"] != "ok" {
		t.Fatal(first)
	}
	second := l.call("entity.bulkCreate", map[string]any{"type_name": "user", "timeout": 10, "all_attributes": rows(90, 110)})
	uuids := second.result["uuid_results"].([]any)
	for i, result := range uuids {
		if failed, is := result.(map[string]any); is != (i < 10) || is && failed["code"] != 361. {
			t.Errorf("row %d: %v", i, result)
		}
	}
	for _, row := range rows(90, 100) {
		key, err := json.Marshal(row["email"])
		if err != nil {
			t.Fatal(err)
		}
		delete(row, "created")
		row["primaryAddress"].(map[string]any)["zip"] = "89073"
		update := map[string]any{"type_name": "user", "timeout": 10, "key_attribute": "email", "key_value": string(key), "value": row}
		if got := l.call("entity.update", update); got.result["stat"] != "ok" {
			t.Fatal(got)
		}
		update["attribute_name"], update["value"] = "clients", row["clients"]
		if got := l.call("entity.replace", update); got.result["stat"] != "ok" {
			t.Fatal(got)
		}
		changed := s.Find("user", "email", row["email"])
		want(t, "zip", changed["primaryAddress"].(map[string]any)["zip"], "89073")
		want(t, "clients", len(changed["clients"].([]any)), 1)
	}
	for _, uuid := range uuids[10:] {
		if got := l.call("entity.delete", map[string]any{"type_name": "user", "uuid": uuid, "timeout": 10}); got.result["stat"] != "ok" {
			t.Fatal(got)
		}
		want(t, "deleted twice", l.call("entity.delete", map[string]any{"type_name": "user", "uuid": uuid}).api, 310)
	}
	want(t, "total", l.call("entity.count", map[string]any{"type_name": "user", "timeout": 10}).result["total_count"], 100.)
}

// What the loader's library tells apart, it gets to see.
func TestTheVendorsLoaderTellsFaultsApart(t *testing.T) {
	t.Parallel()
	s := serve(t, Options{})
	l := loader{strings.TrimPrefix(s.url, "http://"), DefaultClient.ID, DefaultClient.Secret}
	for _, c := range []struct {
		fault     Fault
		api, http int
		breaks    bool
	}{
		{Fault{Do: APIError, Code: 510}, 510, 0, false},
		{Fault{Do: APIError, Code: 500, Status: 500}, 500, 0, false},
		{Fault{Do: HTTPStatus, Status: 502}, 0, 502, false},
		{Fault{Do: HTTPStatus, Status: 401}, 0, 401, false},
		{Fault{Do: HTTPStatus, Status: 200}, 0, 0, true},
		{Fault{Do: BrokenJSON}, 0, 0, true},
		{Fault{Do: ResetBefore}, 0, 0, true},
	} {
		c.fault.Times = 1
		s.AddFault(c.fault)
		got := l.call("entity.count", map[string]any{"type_name": "user"})
		if got.api != c.api || got.http != c.http || (got.err != nil) != c.breaks {
			t.Errorf("%+v: %+v", c.fault, got)
		}
	}
	want(t, "wrong secret", loader{l.address, l.id, "wrong"}.call("entity.count", map[string]any{"type_name": "user"}).api, 402)
}
