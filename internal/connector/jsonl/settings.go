package jsonl

import (
	"fmt"
	"slices"

	"landfall/internal/connector/textfile"
	"landfall/internal/source"
)

// Settings are the keys of `from` that belong to files of JSON lines.
type Settings struct {
	Encoding string   `yaml:"encoding" jsonschema:"description=how characters are written: utf-8 (the default) or utf-16 or windows-1252 and so on"`
	Columns  []string `yaml:"columns" jsonschema:"description=the members to read; by default all that are found in the first thousand lines"`
}

func decodeSettings(from source.Settings) (Settings, error) {
	var s Settings
	if from == nil {
		return s, nil
	}
	return s, from.Decode(&s)
}

// Validate says what cannot be meant.
func (s Settings) Validate() error {
	for i, name := range s.Columns {
		if slices.Contains(s.Columns[:i], name) {
			return fmt.Errorf("columns names %q twice", name)
		}
	}
	return textfile.CheckEncoding(s.Encoding)
}
