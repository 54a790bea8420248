package entries

import (
	"landfall/internal/crosswalk"
	"landfall/internal/dedupe"
	"landfall/internal/record"
)

// claims are the rows of entries that are not in the books, each with the record
// whose it is.
type claims struct{ *dedupe.Seen }

func newClaims(dir string) *claims { return &claims{dedupe.NewSeen(dir, seenBytes)} }

// claim takes a row for a record, or tells whose it is.
func (c *claims) claim(table string, ref record.Ref, targetKey string) (owner string, first bool, err error) {
	by, first, err := c.Claim([]byte(table+"\x00"+targetKey), ref.String(), 0)
	return by.Key, first, err
}

// compare holds a backup against itself, where there are no books.
func (c *claims) compare(file *crosswalk.BackupFile) (*Compared, error) {
	compared := &Compared{}
	return compared, file.Each(func(s *crosswalk.Saved) error {
		compared.Entries++
		if owns(s) {
			table, ref := file.Header.Tables[s.Table].Name, record.Ref{Entity: file.Header.Entities[s.Entity].Name, Key: s.SourceKey}
			other, first, err := c.claim(table, ref, s.TargetKey)
			if err != nil {
				return err
			}
			if !first {
				compared.Conflicts.add(ref, "%s of %s is claimed by %s and %s", s.TargetKey, table, other, ref)
				return nil
			}
		}
		compared.Missing.Count++
		return nil
	})
}
