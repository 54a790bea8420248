package guard

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Place is where a target is: a database in its own words, or an API.
type Place struct {
	Host     string `json:"host,omitempty"`     // the server's address, or the name of this machine where the database is on it
	Port     string `json:"port,omitempty"`     // none where the database is a file
	Database string `json:"database,omitempty"` // its name, or the absolute path of its file
	System   string `json:"system,omitempty"`
	API      string `json:"api,omitempty"` // the base URL of an API, which has none of the others
}

// placeOf asks the database where it is. Where its books are those of an API, that
// is where the API is.
func placeOf(ctx context.Context, tx sqldb.Tx, dialect sqldb.Dialect, api string) (Place, error) {
	if api != "" {
		return Place{API: baseURL(api)}, nil
	}
	placer, ok := dialect.(sqldb.Placer)
	if !ok {
		return Place{}, errors.New("this kind of database does not tell where it is, so it cannot be guarded")
	}
	row, err := oneRow(ctx, tx, placer.PlaceSQL())
	if err != nil || len(row) != 4 {
		return Place{}, fmt.Errorf("asking the target where it is: %w", errors.Join(err, errShortRow(row, 4)))
	}
	p := Place{Host: text(row[0]), Port: text(row[1]), Database: text(row[2])}
	// Every machine calls itself 127.0.0.1.
	if address, err := netip.ParseAddr(p.Host); p.Host == "" || err == nil && address.IsLoopback() {
		if p.Host, err = os.Hostname(); err != nil {
			return Place{}, fmt.Errorf("this machine does not tell its name: %w", err)
		}
	}
	if row[3].Int() == 0 || placer.SystemSQL() == "" {
		return p, nil
	}
	row, err = oneRow(ctx, tx, placer.SystemSQL())
	if err != nil || len(row) != 1 {
		return Place{}, fmt.Errorf("asking the target which system it is: %w", errors.Join(err, errShortRow(row, 1)))
	}
	p.System = text(row[0])
	return p, nil
}

func oneRow(ctx context.Context, tx sqldb.Tx, query string) (row []record.Value, err error) {
	err = sqldb.Each(ctx, tx, func(values []record.Value) error {
		row = append([]record.Value(nil), values...)
		return nil
	}, query)
	return row, err
}

func errShortRow(row []record.Value, wanted int) error {
	if len(row) == wanted {
		return nil
	}
	return fmt.Errorf("it answers with %d values, not %d", len(row), wanted)
}

// Is reports whether two places are one. A system that only one of them could
// be asked for does not tell them apart.
func (p Place) Is(other Place) bool {
	if p.System != "" && other.System != "" && p.System != other.System {
		return false
	}
	return p.Host == other.Host && p.Port == other.Port && p.Database == other.Database && p.API == other.API
}

// String is what a person recognises the place by: host:port/database, or
// host:path of a file, or the base URL of an API.
func (p Place) String() string {
	if p.API != "" {
		return p.API
	}
	if p.Port == "" {
		return p.Host + ":" + p.Database
	}
	return net.JoinHostPort(p.Host, p.Port) + "/" + p.Database
}

// Kind is what the place is one of, in words: a database or an API.
func (p Place) Kind() string {
	if p.API != "" {
		return "API"
	}
	return "database"
}

// baseURL is a base URL in the one spelling in which it is compared.
func baseURL(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return text
	}
	u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	if port := u.Port(); u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		u.Host = strings.TrimSuffix(u.Host, ":"+port)
	}
	return strings.TrimRight(u.Redacted(), "/")
}

// Identity is what is typed to arm: the place and, once it is recorded, the
// beginning of the id that is kept in the database.
func (p Place) Identity(id string) string {
	short, _, _ := strings.Cut(id, "-")
	if short == "" {
		return p.String()
	}
	return p.String() + "#" + short
}

func (p Place) encode() string {
	out, _ := json.Marshal(p) // four texts
	return string(out)
}

func decodePlace(text string) (p Place) {
	_ = json.Unmarshal([]byte(text), &p) // what cannot be read is another place
	return p
}

func text(v record.Value) string {
	if v.IsNull() {
		return ""
	}
	return v.String()
}
