package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// oddKey tells of a key in the text of a plan that its hash does not cover: one
// that stands there twice, of which people may see another than the one that
// counts, and one that a plan does not have. Empty where there is none.
func (p *Plan) oddKey(text []byte) (string, error) {
	own, err := json.Marshal(p)
	if err != nil {
		return "", err
	}
	known, _, err := keysOf(own)
	if err != nil {
		return "", err
	}
	is, twice, err := keysOf(text)
	if err != nil {
		return "", err
	}
	if twice != "" {
		return fmt.Sprintf("the key %s stands in it twice", twice), nil
	}
	for key := range is {
		if !known[key] {
			return fmt.Sprintf("a plan has no key %s", key), nil
		}
	}
	return "", nil
}

// keysOf lists the keys of a JSON text, each with those around it, and one that
// stands twice in its object.
func keysOf(text []byte) (keys map[string]bool, twice string, err error) {
	keys = map[string]bool{}
	in := json.NewDecoder(bytes.NewReader(text))
	var walk func(within string) error
	walk = func(within string) error {
		token, err := in.Token()
		if err != nil {
			return err
		}
		switch token {
		case json.Delim('['):
			for i := 0; in.More(); i++ {
				if err := walk(fmt.Sprintf("%s[%d]", within, i)); err != nil {
					return err
				}
			}
		case json.Delim('{'):
			for in.More() {
				name, err := in.Token()
				if err != nil {
					return err
				}
				key := fmt.Sprintf("%s.%q", within, name)
				if within == "" {
					key = fmt.Sprintf("%q", name)
				}
				if keys[key] {
					twice = key
				}
				keys[key] = true
				if err := walk(key); err != nil {
					return err
				}
			}
		default:
			return nil
		}
		_, err = in.Token() // the end of the list or object
		return err
	}
	return keys, twice, walk("")
}
