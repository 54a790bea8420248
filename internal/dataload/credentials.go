package dataload

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"

	"landfall/internal/mapping"
)

// The environment that the vendor's loader reads.
const (
	variableID     = "CAPTURE_CLIENT_ID"
	variableSecret = "CAPTURE_CLIENT_SECRET"
	variableURI    = "CAPTURE_APID_URI"
	variableConfig = "JANRAIN_CONFIG"
	configFile     = ".janrain-capture"
	defaultClient  = "defaults.default_client"
)

// Client is who speaks to the API, and where it is. Neither id nor secret may be
// shown.
type Client struct {
	ID, Secret, URI string
	Config          string // the file that they are from; empty: none
}

// FindClient finds the credentials in the vendor's order: the configuration file
// where it is asked for wins over the command line, and that over the
// environment. Retry lists of the file are added to the options.
func (o *Options) FindClient(getenv func(string) string) (*Client, error) {
	c := &Client{ID: o.ClientID, Secret: o.ClientSecret, URI: o.URI}
	if o.ConfigKey != "" || o.DefaultClient {
		if err := o.fromConfig(c, getenv); err != nil {
			return nil, err
		}
	}
	if c.Config == "" && (c.ID == "" || c.Secret == "") {
		c.ID, c.Secret = getenv(variableID), getenv(variableSecret)
	}
	if c.URI == "" {
		c.URI = getenv(variableURI)
	}
	switch {
	case c.ID == "" || c.Secret == "":
		return nil, usagef("no credentials: give -i and -s, or -k or -d with a configuration file, or set %s and %s", variableID, variableSecret)
	case c.URI == "":
		return nil, usagef("no address of the API: give -u, or set %s", variableURI)
	}
	c.URI = address(c.URI)
	return c, nil
}

// address is a base URL as the vendor's loader takes it: with https:// in front
// where it does not start with http, and without a slash at its end.
func address(uri string) string {
	if !strings.HasPrefix(uri, "http") {
		uri = "https://" + uri
	}
	return strings.TrimRight(uri, "/")
}

// fromConfig reads client and retry lists from the configuration file.
func (o *Options) fromConfig(c *Client, getenv func(string) string) error {
	path, tree, err := readConfig(getenv)
	if err != nil {
		return err
	}
	key := o.ConfigKey
	if key == "" {
		found, err := tree.at(defaultClient)
		if err != nil {
			return usagef("-d: %s: %v", path, err)
		}
		text, is := found.(string)
		if !is {
			return usagef("-d: %s: %s must be the path of a client, such as clients.production", path, defaultClient)
		}
		key = text
	}
	found, err := tree.at(key)
	if err != nil {
		return usagef("-k %s: %s: %v", key, path, err)
	}
	client, is := found.(map[string]any)
	if !is {
		return usagef("-k %s: %s: expected client_id, client_secret and apid_uri there", key, path)
	}
	for _, setting := range []struct {
		name string
		into *string
		must bool
	}{{"client_id", &c.ID, true}, {"client_secret", &c.Secret, true}, {"apid_uri", &c.URI, false}} {
		value, there := client[setting.name]
		if !there {
			if setting.must {
				return usagef("-k %s: %s: %s is missing there", key, path, setting.name)
			}
			continue
		}
		*setting.into = fmt.Sprint(value)
	}
	c.Config = path
	return o.retryLists(client, tree, path)
}

// retryLists takes retry_codes and retry_statuses of the client, or of defaults.
// What stands on the command line wins.
func (o *Options) retryLists(client map[string]any, tree config, path string) error {
	defaults, _ := tree["defaults"].(map[string]any)
	for _, list := range []struct {
		name string
		into *[]int
	}{{"retry_codes", &o.RetryCodes}, {"retry_statuses", &o.RetryStatuses}} {
		if len(*list.into) > 0 {
			continue
		}
		value, there := client[list.name]
		if !there {
			value, there = defaults[list.name]
		}
		if !there {
			continue
		}
		items, is := value.([]any)
		for _, item := range items {
			number, whole := asInt(item)
			is = is && whole
			*list.into = append(*list.into, number)
		}
		if !is {
			return usagef("%s: %s: expected a list of numbers, such as [403, 510]", path, list.name)
		}
	}
	return nil
}

func asInt(value any) (int, bool) {
	switch n := value.(type) {
	case int:
		return n, true
	case int64:
		return int(n), true
	case uint64:
		return int(n), true
	}
	return 0, false
}

// config is the tree of the configuration file.
type config map[string]any

func readConfig(getenv func(string) string) (string, config, error) {
	path := getenv(variableConfig)
	if path == "" {
		home := getenv("HOME")
		if home == "" {
			found, err := os.UserHomeDir()
			if err != nil {
				return "", nil, usagef("-k, -d: no home folder to look for %s in: set %s to the file's path", configFile, variableConfig)
			}
			home = found
		}
		path = filepath.Join(home, configFile)
	}
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return path, nil, usagef("-k, -d: there is no configuration file %s: make it, or set %s to where it is", path, variableConfig)
	case err != nil:
		return path, nil, usagef("-k, -d: the configuration file %s cannot be read", path)
	}
	tree := config{}
	if err := yaml.Unmarshal(text, &tree); err != nil {
		// The parser's own message shows the lines around, and with them secrets.
		return path, nil, usagef("-k, -d: %s is not YAML that can be read", path)
	}
	return path, tree, nil
}

// at follows a dotted path.
func (c config) at(path string) (any, error) {
	var at any = map[string]any(c)
	for part := range strings.SplitSeq(path, ".") {
		level, is := at.(map[string]any)
		if !is {
			return nil, fmt.Errorf("nothing stands at %s", path)
		}
		next, there := level[part]
		if !there {
			var names []string
			for name := range level {
				names = append(names, name)
			}
			return nil, fmt.Errorf("nothing stands at %s%s", path, mapping.Hint(part, names))
		}
		at = next
	}
	return at, nil
}
