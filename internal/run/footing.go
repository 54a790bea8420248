package run

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"

	"landfall/internal/mapping"
	"landfall/internal/record"
	"landfall/internal/target"
)

// A footing is what a record stands on besides its own content: of each
// reference, of each look-up, and, where the record has a row already or gets one
// that matched, of that row, so many bytes that stand for it. The first bit is set
// of what the run itself makes, whose key is not known before: such a reference
// is known by the record that it means.
const footingBytes = 8

const madeByRun = 0x80

func foot(made bool, value record.Value) [footingBytes]byte {
	sum := sha256.Sum256(value.AppendBinary(nil))
	out := [footingBytes]byte(sum[:footingBytes])
	out[0] &^= madeByRun
	if made {
		out[0] |= madeByRun
	}
	return out
}

// meansParents keeps which records the references of a field mean, where it is
// foreseen or held to what was foreseen what they become.
func (l *landing) meansParents(parents []record.Ref) {
	if l.shadow != nil || l.batch.planned != nil {
		l.meant = append(l.meant, append([]record.Ref(nil), parents...))
	}
}

// foreseeFootings finds what the records of a run that is foreseen stand on.
func (l *landing) foreseeFootings(ctx context.Context) error {
	if l.shadow == nil {
		return nil
	}
	generated := len(l.Columns) - len(l.Program.Columns)
	for n, ref := range l.Program.Refs {
		made, err := l.madeParents(ctx, n, generated+ref.Slot)
		if err != nil {
			return err
		}
		l.each(func(i int, u *unit) *record.Rejection {
			u.addFoot(l.referenceFoot(n, i, u.row[generated+ref.Slot], made[i]))
			return nil
		})
	}
	l.each(func(_ int, u *unit) *record.Rejection {
		for n := range l.Lookups {
			value := u.row[generated+l.Lookups[n].Slot]
			made := l.lookedUpMade(n, value)
			if made {
				value = record.Null()
			}
			u.addFoot(foot(made, value))
		}
		if text, has := u.ownRow(); has {
			made := u.survivor == "" && l.madeRow(u)
			if made {
				text = ""
			}
			u.addFoot(foot(made, record.Text(text)))
		}
		return nil
	})
	return nil
}

func (u *unit) addFoot(foot [footingBytes]byte) { u.footing = append(u.footing, foot[:]...) }

// referenceFoot stands for the record that a reference means, where the run makes
// its row, and else for the key that it holds.
func (l *landing) referenceFoot(which, i int, value record.Value, made bool) [footingBytes]byte {
	if made {
		return foot(true, record.Text(l.meant[which][i].String()))
	}
	return foot(false, value)
}

// ownRow is the row that the record has already or that matched, or the record
// whose row is its own, too.
func (u *unit) ownRow() (string, bool) {
	switch {
	case u.action == target.Alias:
		return u.survivor, true
	case u.action == target.Create:
		return "", false
	}
	return u.keyText, true
}

// madeRow reports whether the run itself has made the row that a record has.
func (l *landing) madeRow(u *unit) bool {
	if u.situation.Known {
		return u.entry.LastRun == l.runner.run.ID
	}
	return len(u.key) == 1 && l.lander.(*shadowTable).owner().isGuess(u.key[0])
}

// madeParents finds the records whose reference is to a row that the run makes,
// or has written.
func (l *landing) madeParents(ctx context.Context, which, place int) (map[int]bool, error) {
	made := map[int]bool{}
	asked := map[string][]string{}
	l.each(func(i int, u *unit) *record.Rejection {
		parent := l.meant[which][i]
		switch {
		case parent.Entity == "":
		case u.fillsIn(place, l.Columns[place].Name):
			made[i] = true
		case u.row[place].IsNull():
		case l.numbersLater(parent.Entity):
			made[i] = l.shadow.tables[l.m.Entity(parent.Entity).Table.Name.String()].isGuess(u.row[place])
		default:
			asked[parent.Entity] = append(asked[parent.Entity], parent.Key)
		}
		return nil
	})
	for entity, keys := range asked {
		written, err := l.parents[entity].WrittenBy(ctx, l.tx, l.runner.run.ID, keys)
		if err != nil {
			return nil, fmt.Errorf("looking for what the run makes of %s: %w", entity, err)
		}
		l.each(func(i int, _ *unit) *record.Rejection {
			if parent := l.meant[which][i]; parent.Entity == entity && written[parent.Key] {
				made[i] = true
			}
			return nil
		})
	}
	return made, nil
}

// fillsIn reports whether a reference is filled in once its parent has a key.
func (u *unit) fillsIn(place int, column string) bool {
	for _, within := range u.within {
		if within.place == place {
			return true
		}
	}
	for _, wait := range u.waits {
		if wait.Field == column {
			return true
		}
	}
	return false
}

// numbersLater reports whether keys of an entity are told from others by being
// given out by the shadow, and by nothing that comes later.
func (l *landing) numbersLater(entity string) bool {
	t := l.shadow.tables[l.m.Entity(entity).Table.Name.String()]
	return t != nil && t.counted() && !l.later[entity]
}

// lookedUpMade reports whether what a look-up found may be a key that the run
// makes.
func (l *landing) lookedUpMade(which int, value record.Value) bool {
	of := &l.Lookups[which]
	t := l.shadow.tables[of.Table.Name.String()]
	if t == nil || t.entity == nil || value.IsNull() {
		return false
	}
	for _, ref := range t.entity.Program.Refs {
		if ref.Field.Target == of.Take.Name {
			return true
		}
	}
	if len(t.key) != 1 || t.key[0].Name != of.Take.Name {
		return false
	}
	if t.counted() {
		return t.isGuess(value)
	}
	return t.entity.To.NewKey != mapping.KeyNatural
}

// onOtherFooting tells what a record stands on otherwise than was foreseen: the
// field, and why that is not what was planned. ok is false where nothing moved.
func (l *landing) onOtherFooting(i int, u *unit, want []byte) (field, why string, moved bool) {
	generated := len(l.Columns) - len(l.Program.Columns)
	next := func() (planned []byte, made bool) {
		if len(want) < footingBytes {
			return nil, false
		}
		planned, want = want[:footingBytes], want[footingBytes:]
		return planned, planned[0]&madeByRun != 0
	}
	for n, ref := range l.Program.Refs {
		planned, made := next()
		is := l.referenceFoot(n, i, u.row[generated+ref.Slot], made)
		if planned != nil && !bytes.Equal(planned, is[:]) {
			return l.Columns[generated+ref.Slot].Name, "referring to another row than when it was planned", true
		}
	}
	for n := range l.Lookups {
		planned, made := next()
		place := generated + l.Lookups[n].Slot
		is := foot(false, u.row[place])
		if planned != nil && !made && !bytes.Equal(planned, is[:]) {
			return l.Columns[place].Name, fmt.Sprintf("with what another row of %s holds than when it was planned, or what that row did not hold then", l.Lookups[n].Table.Name), true
		}
	}
	planned, made := next()
	if planned == nil || made {
		return "", "", false
	}
	text, _ := u.ownRow()
	if is := foot(false, record.Text(text)); bytes.Equal(planned, is[:]) {
		return "", "", false
	}
	if u.action == target.Alias {
		return "", fmt.Sprintf("of the row of %s, which is another record than when it was planned", record.Ref{Entity: l.Name, Key: text}), true
	}
	if !u.situation.Known {
		field = fieldList(l.Match)
	}
	return field, fmt.Sprintf("of row %s, which is another one than when it was planned", text), true
}
