package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"landfall/internal/migration"
	"landfall/internal/record"
	"landfall/internal/source"
)

// ReadContents reads an entity's source to its end, as a run does, and tells
// every record with the hash of its content.
func ReadContents(ctx context.Context, e *migration.Entity, o Options, each func(slice int, rec *record.Record, content record.Hash) error) error {
	if o.Observe != nil {
		o.Observe(Event{Kind: EventLooking, Time: time.Now(), Entity: e.Name, Message: "holding " + e.OriginName + " against the plan", Total: -1, Percent: -1})
	}
	parts, err := e.Origin.Slices(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", e.Name, err)
	}
	var buf []byte
	for _, slice := range parts {
		if err := readContents(ctx, e, slice, o, &buf, each); err != nil {
			return err
		}
	}
	return nil
}

func readContents(ctx context.Context, e *migration.Entity, slice source.Slice, o Options, buf *[]byte, each func(int, *record.Record, record.Hash) error) error {
	reader, err := e.Origin.Read(ctx, slice, source.Position{})
	if err != nil {
		return fmt.Errorf("%s: %w", e.Name, err)
	}
	defer reader.Close()
	batches := source.NewBatches(reader, slice.Number, 0, source.Position{}, source.Limits{Records: o.Records, Bytes: o.Bytes})
	for {
		select {
		case <-o.Stop:
			return ErrStopped
		default:
		}
		batch, err := batches.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading %s: %w", slice.Name, err)
		}
		for i := range batch.Items {
			if err := each(slice.Number, batch.Items[i].Record, contentHash(buf, batch.Items[i].Record)); err != nil {
				return err
			}
		}
	}
}
