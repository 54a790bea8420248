package postgres

import (
	"context"
	"strings"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// BulkInsert writes rows with COPY, which takes explicit values of identity
// columns as they are: in binary where every column has a type whose binary
// form is known here, else as text.
//
// A row with a value that is not in the form of Type.Fit has no binary form. It
// and those behind it are then sent as text in a second COPY, so that the
// server judges them as ever; the rows of both count as one call's. A constraint
// that is checked when a statement ends is then checked between the two.
func (tx *transaction) BulkInsert(ctx context.Context, table sqldb.Name, columns []sqldb.Column, source sqldb.RowSource) (int64, error) {
	name, list := tx.db.dialect.QuoteName(table), tx.db.quotedList(columns)
	forms, err := tx.db.formsOf(ctx, name, list)
	if err != nil {
		return 0, err
	}
	into := "COPY " + name + " (" + list + ") FROM STDIN"
	if forms == nil {
		return tx.copyText(ctx, into, source)
	}
	return tx.copyBinary(ctx, into, forms, source)
}

// formsOf asks the server for the columns' types and returns their binary
// forms, or nil when one of them has none. Bytes read as another type would be
// other values without any error, so neither what the catalogue said when the
// run began nor what a caller believes is enough: the question takes the lock
// that keeps the types as they are until the transaction ends. It needs no
// right to read the table, since nothing is run.
func (db *database) formsOf(ctx context.Context, name, list string) ([]form, error) {
	described, err := db.conn.Prepare(ctx, "", "SELECT "+list+" FROM "+name, nil)
	if err != nil {
		return nil, db.wrap(ctx, err)
	}
	forms := make([]form, len(described.Fields))
	for i, field := range described.Fields { // of a domain the server tells the base type
		if forms[i] = formOf(field.DataTypeOID); forms[i] == nil {
			return nil, nil
		}
	}
	return forms, nil
}

func (db *database) quotedList(columns []sqldb.Column) string {
	quoted := make([]string, len(columns))
	for i := range columns {
		quoted[i] = db.dialect.Quote(columns[i].Name)
	}
	return strings.Join(quoted, ", ")
}

func (tx *transaction) copyText(ctx context.Context, into string, source sqldb.RowSource) (int64, error) {
	return tx.copyFrom(ctx, into, newCopyReader(tx.db.takeBuffer(), source, nil))
}

func (tx *transaction) copyBinary(ctx context.Context, into string, forms []form, source sqldb.RowSource) (int64, error) {
	reader := newCopyReader(tx.db.takeBuffer(), source, forms)
	reader.fill() // so that a first row without binary form costs no COPY of its own
	written := int64(0)
	if reader.left == nil || reader.rows > 0 {
		var err error
		if written, err = tx.copyFrom(ctx, into+" (FORMAT binary)", reader); err != nil || reader.left == nil {
			return written, err
		}
	}
	left := reader.left
	more, err := tx.copyText(ctx, into, func() []record.Value {
		if row := left; row != nil {
			left = nil
			return row
		}
		return source()
	})
	return written + more, err
}

func (tx *transaction) copyFrom(ctx context.Context, sql string, reader *copyReader) (int64, error) {
	tag, err := tx.db.conn.CopyFrom(ctx, reader, sql)
	buffer, own := reader.stop()
	if own != nil { // the server only repeats it, in a message of its own
		return 0, own
	}
	if err != nil {
		return 0, refused(tx.db.wrap(ctx, err), sql)
	}
	tx.db.giveBuffer(buffer)
	return tag.RowsAffected(), nil
}

// takeBuffer lends the connection's buffer to one COPY.
func (db *database) takeBuffer() []byte {
	buffer := db.copyBuffer
	db.copyBuffer = nil
	if buffer == nil {
		buffer = make([]byte, 0, copyBuffer)
	}
	return buffer[:0]
}

// giveBuffer keeps the buffer for the next COPY, unless large values made it grow.
func (db *database) giveBuffer(buffer []byte) {
	if cap(buffer) <= 4*copyBuffer {
		db.copyBuffer = buffer
	}
}
