package rollback

import (
	"strings"

	"github.com/google/uuid"

	"landfall/internal/record"
	"landfall/internal/target"
)

// order makes an order of each record that nothing speaks against undoing. Of a
// changed one only the columns go back that hold something else than they did.
func (c *calls) order() {
	for _, i := range c.batch.items {
		if !i.open() || i.gone || i.deed != made && i.deed != changed {
			continue
		}
		if i.deed == changed {
			if i.begun == nil {
				c.image(i)
			} else {
				c.imaged(i)
			}
		}
		if i.done {
			continue
		}
		o := target.Order{Deed: target.DeedDelete, Ref: c.ref(i.line.Key), Key: i.key, Version: i.version, Again: i.begun != nil}
		if i.deed == changed {
			o.Deed = target.DeedUpdate
			for n, column := range i.shape.Columns {
				if is := i.row[i.shape.places[n]]; is != i.before[n] {
					o.Columns, o.Values, o.Before = append(o.Columns, column), append(o.Values, i.before[n]), append(o.Before, is)
				}
			}
			if len(o.Columns) == 0 {
				continue
			}
		}
		o.Token = c.token(i)
		c.orders, c.items = append(c.orders, o), append(c.items, i)
	}
	c.ends = make([]target.Outcome, len(c.orders))
}

// token is the same however often the record is undone by this rollback, and that
// of nothing else.
func (c *calls) token(i *item) string {
	if i.begun != nil && i.begun.RunID == c.run.ID {
		return i.begun.Token
	}
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte(record.JoinKey(c.run.Migration, c.run.Name, c.run.StartedAt, c.done.Name, i.line.Key))).String()
}

// judgeEnds gives each record the end that its order came to.
func (c *calls) judgeEnds() {
	if c.rehearse {
		return
	}
	for n, i := range c.items {
		end := &c.ends[n]
		what := "the target refuses what the record held: "
		if i.deed == made {
			what = "the target refuses to delete the record: "
		}
		switch {
		case end.State == target.Done:
			if end.Already && !c.orders[n].Again {
				i.gone = true
			}
			continue
		case end.State == target.Refused && len(end.Unwritten) > 0:
			i.unsettled = true
			i.keep(record.Failed, end.Code, strings.Join(end.Unwritten, ", "), "it was given back what it held but for %s: %s; roll back again to give it the rest", strings.Join(end.Unwritten, ", "), end.Message)
		case end.State == target.Refused && end.Code == record.CodeMissing:
			i.gone = true
			continue
		case end.State == target.Refused && end.Code == record.CodeEdited:
			i.keep(record.Kept, record.CodeEdited, "", "it was changed while the rollback was about to undo it")
		case end.State == target.Refused:
			refusal := target.Refusal{Code: end.Code, Columns: end.Columns, Message: end.Message}
			i.end, i.why = record.Failed, refusalOf(refusal, what)
		default:
			i.unsettled = true
			message := ""
			if end.Message != "" {
				message = ": " + end.Message
			}
			i.keep(record.Failed, record.CodeNoAnswer, "", "it is not known whether the call was carried out%s; roll back again to find out", message)
		}
		i.was, i.after, i.note = "", "", ""
	}
}

// ended are the records of which no call is open any more.
func (c *calls) ended() []string {
	var keys []string
	ordered := map[*item]bool{}
	for _, i := range c.items {
		ordered[i] = true
	}
	for _, i := range c.batch.items {
		if (ordered[i] || i.begun != nil) && !i.unsettled {
			keys = append(keys, i.line.Key)
		}
	}
	return keys
}
