package dataload

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"landfall/internal/connector"
	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

func openBooksFile(ctx context.Context, path string) (sqldb.DB, error) {
	return connector.OpenDB(ctx, connector.Address{URL: "sqlite:" + path, ReadOnly: true})
}

// uuidChunk is how many records are deleted before it is written down.
const uuidChunk = 100

// byUUID brings the records of the file to their end that have none yet: those
// that the books know nothing more of are looked for, and where there are no
// books, all are deleted by uuid.
func (u *undoing) byUUID(ctx context.Context) error {
	return u.file.each(uuidChunk, func(rows []landedRow) error {
		select {
		case <-u.c.Stop:
			return ErrInterrupted
		default:
		}
		var left []landedRow
		for _, row := range rows {
			seen, err := u.seen.Has([]byte(row.uuid))
			if err != nil {
				return err
			}
			if !seen && !slices.ContainsFunc(left, func(other landedRow) bool { return other.uuid == row.uuid }) {
				left = append(left, row)
			}
		}
		if len(left) == 0 {
			return nil
		}
		if u.run != nil {
			return u.lookFor(ctx, left)
		}
		return u.deleteByUUID(ctx, left)
	})
}

// lookFor tells of records that the run's rollbacks have nothing to undo of.
func (u *undoing) lookFor(ctx context.Context, rows []landedRow) error {
	keys := make([][]record.Value, len(rows))
	for i, row := range rows {
		keys[i] = []record.Value{record.Text(row.uuid)}
	}
	found, err := u.at.Remote.Fetch(ctx, keys, u.at.Key)
	if err != nil {
		return err
	}
	for i, row := range rows {
		end := undoneRow{landedRow: row}
		if end.absent = found[i].Values == nil; !end.absent {
			end.failed, end.reason = true, "the record is there, and nothing of run "+u.sum.Run+" is left to undo of it"
		}
		if err := u.write(&end); err != nil {
			return err
		}
	}
	return nil
}

// deleteByUUID deletes records of which nothing is known but their uuids. To
// delete a record twice does no harm, so an answer that is lost is asked for by
// deleting once more.
func (u *undoing) deleteByUUID(ctx context.Context, rows []landedRow) error {
	orders := make([]target.Order, len(rows))
	outcomes := make([]target.Outcome, len(rows))
	for i, row := range rows {
		token, err := uuid.NewRandom()
		if err != nil {
			return err
		}
		orders[i] = target.Order{Deed: target.DeedDelete, Ref: record.Ref{Entity: u.o.entity(), Key: row.uuid}, Token: token.String(), Key: []record.Value{record.Text(row.uuid)}}
	}
	var broken error
	for until := time.Now().Add(u.o.patience()); ; {
		open := openOrders(outcomes)
		again := make([]target.Order, len(open))
		for n, i := range open {
			again[n] = orders[i]
		}
		ends, err := u.at.Remote.Send(ctx, again)
		for n, i := range open {
			if n < len(ends) {
				outcomes[i] = ends[n]
				// Whether it is gone by an earlier call, whose answer was lost, nobody can tell
				// from one that finds nothing.
				outcomes[i].Already = ends[n].Already && !orders[i].Again
				orders[i].Again = orders[i].Again || ends[n].State == target.Unknown
			}
		}
		if broken = err; broken != nil || len(openOrders(outcomes)) == 0 || time.Now().After(until) {
			break
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			broken = context.Cause(ctx)
		}
		if broken != nil {
			break
		}
	}
	for i, row := range rows {
		end := undoneRow{landedRow: row, absent: outcomes[i].State == target.Done && outcomes[i].Already}
		if outcomes[i].State != target.Done {
			end.failed, end.reason = true, outcomes[i].Message
			if end.reason == "" {
				end.reason = "whether it was deleted is not known: give rollback_fail to the command once more"
			}
		}
		if err := u.write(&end); err != nil {
			return errors.Join(broken, err)
		}
	}
	return broken
}

// openOrders lists those of which it is not known that they are done or refused.
func openOrders(outcomes []target.Outcome) []int {
	var open []int
	for i := range outcomes {
		if state := outcomes[i].State; state != target.Done && state != target.Refused {
			open = append(open, i)
		}
	}
	return open
}
